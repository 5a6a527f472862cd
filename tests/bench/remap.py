# SPDX-License-Identifier: GPL-2.0-or-later
"""Table, JSON and checks of tests/bench/remap: reads its "bench" and "ipis" lines."""
import json
import sys

kernel, path = sys.argv[1:3]
rows = {}
balancing = "?"
for line in sys.stdin:
    words = line.split()
    if line.startswith("# numa_balancing"):
        balancing = words[2]
    if len(words) == 5 and words[0] in ("bench", "ipis"):
        kind, method, pattern, batch, value = words
        row = rows.setdefault((method, pattern, int(batch)), {})
        row["instructions" if kind == "bench" else "ipis"] = int(value)

print(f"Debian {kernel}, QEMU; instructions a page without the copy; numa_balancing {balancing}")
print(f"{'method':20} {'pattern':10} {'batch':>6} {'insn/page':>10} {'IPIs/batch':>11} {'move_pages':>11}")
for (method, pattern, batch), row in rows.items():
    peer = rows.get(("move_pages", pattern, batch), {}).get("instructions", 0)
    ratio = f"{peer / row['instructions']:.1f}x" if row.get("instructions") else ""
    print(f"{method:20} {pattern:10} {batch:6} {row.get('instructions', ''):>10} "
          f"{row.get('ipis', ''):>11} {ratio:>11}")
with open(path, "w") as file:
    json.dump({"kernel": kernel, "numa_balancing": balancing, "rows": [
        {"method": m, "pattern": p, "batch": b, **row} for (m, p, b), row in rows.items()]}, file, indent=1)

passed = failed = 0


def check(good, text):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(("ok" if good else "not ok") + " - " + text)


for pattern, least in (("dense", 6), ("scattered", 4)):
    ours = rows.get(("module", pattern, 512), {}).get("instructions", 0)
    peer = rows.get(("move_pages", pattern, 512), {}).get("instructions", 0)
    check(ours and peer / ours >= least,
          f"{pattern}, batch 512: {peer} / {ours} = {peer / ours if ours else 0:.1f} times fewer than "
          f"move_pages (at least {least})")
ipis = {row["ipis"] for (method, _, _), row in rows.items() if method == "module" and "ipis" in row}
check(len(ipis) == 1, f"IPIs a batch are constant: {sorted(ipis)}")
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
