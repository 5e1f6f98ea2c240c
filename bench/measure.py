"""What benchmarks share: a measured process, medians, and a plot as SVG."""
import os
import pathlib
import subprocess
import tempfile
import time


def measured(command, folder):
    """Wall seconds, CPU seconds and peak RSS in MiB of a command, and what it printed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        begun = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=error, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        for file in (out, error):
            file.seek(0)
        assert os.waitstatus_to_exitcode(status) == 0, error.read()
        return (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), out.read()


def medians(runs):
    """The median of each figure of the runs, each run a tuple of figures."""
    return tuple(sorted(figures)[len(figures) // 2] for figures in zip(*runs))


def in_turns(rounds, sides):
    """Runs every side once a round, so that a noisy minute hits all; name -> medians of its figures."""
    taken = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            taken[name].append(run())
    return {name: medians(runs) for name, runs in taken.items()}


def machine():
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown CPU")
    return f"{os.cpu_count()} cores ({model}), load before {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d')}"


WIDTH, HEIGHT, EDGE = 560, 300, 56
COLOURS = ["#1f6f8b", "#c8553d", "#6a994e", "#7b5ea7"]


def plot(path, title, x_name, y_name, lines):
    """Writes a line chart. `lines`: name -> [(label of x, y)], every line over the same labels; y from zero."""
    labels = [label for label, _ in next(iter(lines.values()))]
    top = 1.15 * max(y for points in lines.values() for _, y in points) or 1

    def across(i):
        return EDGE + i * (WIDTH - 2 * EDGE) / max(1, len(labels) - 1)

    def up(y):
        return HEIGHT - EDGE - y * (HEIGHT - 2 * EDGE) / top

    def text(x, y, words, anchor="middle", more=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{words}</text>'

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" font-size="11" fill="#333">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             text(WIDTH / 2, 20, title, more='font-size="13" font-weight="bold"'),
             text(WIDTH / 2, HEIGHT - 12, x_name), text(EDGE - 6, 38, y_name, "start")]
    for i in range(5):
        y = top * i / 4
        parts.append(f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{up(y):.1f}" y2="{up(y):.1f}" stroke="#ddd"/>')
        parts.append(text(EDGE - 6, up(y) + 4, f"{y:.3g}", "end"))
    parts += [text(across(i), HEIGHT - EDGE + 18, label) for i, label in enumerate(labels)]
    for k, (name, points) in enumerate(lines.items()):
        colour = COLOURS[k]
        places = [(across(i), up(y)) for i, (_, y) in enumerate(points)]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                     + " ".join(f"{x:.1f},{y:.1f}" for x, y in places) + '"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(text(WIDTH - EDGE + 4, places[-1][1] + 4, name, "start", f'style="fill:{colour}"'))
    path.write_text("\n".join(parts) + "\n</svg>\n")
