/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sine and cosine of fractions of a turn: folded into an eighth of a turn, where the Taylor series
 * has an error below half a bit. */
#include "splash.h"

#define TWO_PI 6.283185307179586476925

static double series(double x, unsigned first)
{
	double term = first ? x : 1, sum = term;

	for (unsigned n = first + 2; n <= 20 + first; n += 2) {
		term *= -x * x / (double)(int)(n * (n - 1));
		sum += term;
	}
	return sum;
}

/* 0 <= turns <= 1/4 */
static double quarter_sin(double turns)
{
	return turns <= 0.125 ? series(turns * TWO_PI, 1) : series((0.25 - turns) * TWO_PI, 0);
}

double sin_turns(double turns)
{
	if (turns >= 0.5)
		return -quarter_sin(turns <= 0.75 ? turns - 0.5 : 1 - turns);
	return quarter_sin(turns <= 0.25 ? turns : 0.5 - turns);
}

double cos_turns(double turns)
{
	turns += 0.25;
	return sin_turns(turns >= 1 ? turns - 1 : turns);
}
