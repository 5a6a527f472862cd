/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ray tracer: a flake of spheres on a chequered floor, one light, shadows and reflections. Every
 * thread reads the whole scene (a tree of bounding spheres) and takes tiles of the image from a
 * common counter. Sampled pixels are traced again without the tree, against all spheres.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"size", 48, 8, 2048}, /* pixels, each way */
	{"depth", 3, 0, 7},    /* of the flake: 1 + 6 + 30 + ... spheres */
	{"bounces", 3, 0, 8},
	{NULL, 0, 0, 0},
};

#define TILE	    8
#define EPSILON	    1e-6
#define FAR	    1e30
#define CHECK_EVERY 37 /* pixels */

struct vector {
	double x, y, z;
};

struct sphere {
	struct vector centre;
	double radius;
	double bound;		  /* radius of a sphere around this one and all its children */
	unsigned child, children; /* indices; children are adjacent */
};

struct hit {
	double distance;
	struct vector normal;
	double brightness, mirror;
};

static struct sphere *scene;
static unsigned spheres, room;
static uint32_t *image;
static unsigned long size, bounces;
static uint64_t next_tile __attribute__((aligned(CACHE_LINE)));
static bool use_tree = true;
static struct vector light;

static struct vector add(struct vector a, struct vector b)
{
	return (struct vector){a.x + b.x, a.y + b.y, a.z + b.z};
}

static struct vector scale(struct vector a, double by)
{
	return (struct vector){a.x * by, a.y * by, a.z * by};
}

static struct vector subtract(struct vector a, struct vector b)
{
	return add(a, scale(b, -1));
}

static double dot(struct vector a, struct vector b)
{
	return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vector unit(struct vector a)
{
	return scale(a, 1 / square_root(dot(a, a)));
}

/* ---- the scene ---- */

static const struct vector direction[6] = {{1, 0, 0},  {-1, 0, 0}, {0, 1, 0},
					   {0, -1, 0}, {0, 0, 1},  {0, 0, -1}};

/* Half as large, touching their parent, in all directions but back. */
static void grow(unsigned parent, unsigned back, unsigned depth)
{
	double radius = scene[parent].radius / 2;
	unsigned first = spheres, from[6], count = 0;

	/* 1 + 1/2 + 1 (a child, its child, ...) times the radius is never left */
	scene[parent].bound = scene[parent].radius * (depth ? 3 : 1);
	scene[parent].child = first;
	if (!depth)
		return;
	for (unsigned n = 0; n < 6; n++) {
		if (n == back)
			continue;
		if (spheres == room)
			fail("the scene has more than %u spheres", room);
		scene[spheres++] = (struct sphere){
			.centre = add(scene[parent].centre,
				      scale(direction[n], scene[parent].radius + radius)),
			.radius = radius};
		from[count++] = n ^ 1;
	}
	scene[parent].children = count;
	for (unsigned n = 0; n < count; n++)
		grow(first + n, from[n], depth - 1);
}

static void build(unsigned depth)
{
	room = 1;
	for (unsigned n = 0, level = 6; n < depth; n++, level *= 5)
		room += level;
	scene = allocate(room * sizeof(*scene));
	scene[0] = (struct sphere){.radius = 1};
	spheres = 1;
	grow(0, 6, depth);
	light = unit((struct vector){0.5, 1, -0.7});
}

/* ---- rays ---- */

/* The distance along the ray at which it enters the sphere; FAR when it does not. */
static double enter(struct vector origin, struct vector ray, struct vector centre, double radius)
{
	struct vector to = subtract(centre, origin);
	double middle = dot(to, ray);
	double inside = middle * middle - dot(to, to) + radius * radius, root;

	if (inside < 0)
		return FAR;
	root = square_root(inside);
	if (middle - root > EPSILON)
		return middle - root;
	return FAR;
}

static bool meets_bound(struct vector origin, struct vector ray, const struct sphere *sphere)
{
	struct vector to = subtract(sphere->centre, origin);
	double middle = dot(to, ray), square = sphere->bound * sphere->bound;

	return dot(to, to) <= square || (middle > 0 && middle * middle - dot(to, to) + square >= 0);
}

static void nearest(struct vector origin, struct vector ray, unsigned index, double *distance,
		    unsigned *which)
{
	const struct sphere *sphere = &scene[index];
	double here;

	if (!meets_bound(origin, ray, sphere))
		return;
	here = enter(origin, ray, sphere->centre, sphere->radius);
	if (here < *distance || (here == *distance && here < FAR && index < *which)) {
		*distance = here;
		*which = index;
	}
	for (unsigned n = 0; n < sphere->children; n++)
		nearest(origin, ray, sphere->child + n, distance, which);
}

static void nearest_of_all(struct vector origin, struct vector ray, double *distance,
			   unsigned *which)
{
	for (unsigned n = 0; n < spheres; n++) {
		double here = enter(origin, ray, scene[n].centre, scene[n].radius);

		if (here < *distance) {
			*distance = here;
			*which = n;
		}
	}
}

#define FLOOR -2.0

static bool find(struct vector origin, struct vector ray, struct hit *hit)
{
	unsigned which = UINT32_MAX;
	double floor_at = ray.y < 0 ? (FLOOR - origin.y) / ray.y : FAR;
	struct vector at;

	hit->distance = FAR;
	if (use_tree)
		nearest(origin, ray, 0, &hit->distance, &which);
	else
		nearest_of_all(origin, ray, &hit->distance, &which);
	if (floor_at > EPSILON && floor_at < hit->distance) {
		at = add(origin, scale(ray, floor_at));
		*hit = (struct hit){floor_at, {0, 1, 0}, 0.3, 0.1};
		if (absolute(at.x) < 1e6 && absolute(at.z) < 1e6 &&
		    (((int)(at.x + 1e6) ^ (int)(at.z + 1e6)) & 1))
			hit->brightness = 0.9;
		return true;
	}
	if (which == UINT32_MAX)
		return false;
	at = add(origin, scale(ray, hit->distance));
	hit->normal = unit(subtract(at, scene[which].centre));
	hit->brightness = 0.7;
	hit->mirror = 0.4;
	return true;
}

static double trace(struct vector origin, struct vector ray)
{
	double sum = 0, weight = 1;

	for (unsigned long bounce = 0;; bounce++) {
		struct hit hit, blocker;
		struct vector at;
		double towards;

		if (!find(origin, ray, &hit))
			return sum + weight * (0.3 + 0.2 * ray.y); /* sky */
		at = add(origin, scale(ray, hit.distance));
		towards = dot(hit.normal, light);
		if (towards < 0 || find(at, light, &blocker))
			towards = 0;
		sum += weight * (1 - hit.mirror) * hit.brightness * (0.2 + 0.8 * towards);
		weight *= hit.mirror;
		if (bounce == bounces)
			return sum;
		ray = subtract(ray, scale(hit.normal, 2 * dot(ray, hit.normal)));
		origin = at;
	}
}

static uint32_t pixel(unsigned long x, unsigned long y)
{
	double step = 2.0 / (double)(int64_t)size;
	struct vector eye = {1.5, 1.5, -6};
	struct vector right = unit((struct vector){6, 0, 1.5});
	struct vector forward = unit((struct vector){-1.5, -1.5, 6});
	struct vector ray = add(forward, scale(right, ((double)(int64_t)x * step - 1) * 0.6));

	ray.y -= ((double)(int64_t)y * step - 1) * 0.6;
	return (uint32_t)(int32_t)(trace(eye, unit(ray)) * 65536);
}

static void render(unsigned thread)
{
	unsigned long across = (size + TILE - 1) / TILE, tile;

	(void)thread;
	while ((tile = fetch_add(&next_tile, 1)) < across * across)
		for (unsigned long y = tile / across * TILE;
		     y < size && y < (tile / across + 1) * TILE; y++)
			for (unsigned long x = tile % across * TILE;
			     x < size && x < (tile % across + 1) * TILE; x++)
				image[y * size + x] = pixel(x, y);
}

int main(void)
{
	unsigned long wrong = 0, checked = 0;
	uint64_t checksum = 0;

	size = option("size");
	bounces = option("bounces");
	build((unsigned)option("depth"));
	image = allocate(size * size * sizeof(*image));
	measure_start();
	parallel(render);
	measure_end();
	use_tree = false;
	for (unsigned long i = 0; i < size * size; i++) {
		checksum = checksum_add(checksum, image[i]);
		if (i % CHECK_EVERY)
			continue;
		checked++;
		wrong += image[i] != pixel(i % size, i / size);
	}
	return report(checksum, wrong == 0, "size=%lu spheres=%u checked=%lu wrong=%lu", size,
		      spheres, checked, wrong);
}
