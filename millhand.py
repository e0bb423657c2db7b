"""Millhand's front door: the `millhand` command, and `import millhand` for the environments."""

import ast
import dataclasses
import difflib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import sim

sim.register()

app = typer.Typer(
    help="Embodied AI for the factory floor: simulate, train, and run controllers on RISC-V.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
say = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Task = Annotated[str, typer.Option(help="Task, see `millhand tasks`.")]
Seed = Annotated[int, typer.Option(help="Number of the first layout.")]
Board = Annotated[str, typer.Option(help="Board, see `millhand boards`, or a .toml file.")]
Control = Annotated[
    str, typer.Option(help="Controller: limited_impedance, limiter, ... or a Python file.")
]
Law = Annotated[
    str | None,
    typer.Option("--controller", help="Another controller for the robot: a name, a Python file."),
]


ROBOT = "Robot, see `millhand robots`; left out, the one that the controller is for."


def main() -> None:
    """Run the command line; exit code 2 with one line for bad input, 130 after Ctrl-C."""
    # PyBullet and Mesa write to stdout and stderr as they please; the result line stays ours.
    os.environ.setdefault("MESA_LOG_LEVEL", "fatal")
    # A shell starts background jobs with interrupts ignored; a kill -INT shall stop us there too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        # Outside click's own standalone mode an Exit comes back as a value.
        code = app(standalone_mode=False) or 0
    except SystemExit as stop:
        # Typer turns an interrupt into this, without a word.
        code = int(stop.code or 0)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except Exception as error:
        code = complain(error)
    if code == 130:
        say.print("\nstopped; what was finished before is kept")
    sys.exit(code)


def complain(error: Exception) -> int:
    """Say in one line what was wrong with the input and give exit code 2; raise a bug again."""
    usage = hasattr(error, "format_message")
    if not usage and not isinstance(error, ValueError | RuntimeError | OSError):
        raise error
    text = error.format_message() + given(error) if usage else str(error)  # type: ignore[attr-defined]
    say.print(f"[red]error:[/red] {escape(text)}", highlight=False, soft_wrap=True)
    return 2


def given(error: Exception) -> str:
    """Say what was given for the option that a usage error is about, if that can be told."""
    words = sys.argv[1:]
    options = getattr(getattr(error, "param", None), "opts", [])
    for option, value in zip(words, words[1:], strict=False):
        if option in options:
            return f" (given: {value})"
    return ""


def report(result: dict[str, Any], as_json: bool, table: Table | None = None) -> None:
    """Show a result: a table for people on stderr or stdout, one JSON line for programs."""
    if table is not None:
        (say if as_json else Console()).print(table)
    if as_json:
        print(json.dumps(result), flush=True)


def table_of(title: str, *columns: str) -> Table:
    """Start a table."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Send what libraries write to stdout to stderr, so that stdout holds only our result."""
    sys.stdout.flush()
    saved = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)


# -- what there is


@app.command("tasks")
def tasks_command(
    write: Annotated[
        Path | None, typer.Option(help="Renew this page, docs/tasks.md, and its pictures.")
    ] = None,
    record: Annotated[
        Path, typer.Option(help="With --write: the experts' record, from `eval --log`.")
    ] = Path("docs/experts.jsonl"),
    pictures: Annotated[bool, typer.Option(help="With --write: draw the pictures too.")] = True,
    as_json: Json = False,
) -> None:
    """List the tasks; with --write, make their pages."""
    from sim import tasks

    if write is not None:
        from sim import pages

        with say.status("drawing") as status, quiet_stdout():
            pages.write(write, record, pictures, lambda name: status.update(f"page of {name}"))
    table = table_of("tasks", "name", "goal", "robots", "difficulty")
    rows = []
    for name in tasks.names():
        row: dict[str, str | list[str]] = {
            "name": f"millhand/{name}-v0",
            "goal": tasks.summary(name),
            "robots": list(tasks.robots(name)),
            "difficulty": tasks.difficulty(name),
        }
        table.add_row(*(", ".join(v) if isinstance(v, list) else v for v in row.values()))
        rows.append(row)
    report({"tasks": rows}, as_json, table)


@app.command("robots")
def robots_command(as_json: Json = False) -> None:
    """List the robots, with their size, limits, and whose model each is."""
    from robots import about, catalogue

    table = table_of("robots", "name", "kind", "joints", "dof", "kg", "reach, speed", "model")
    rows: list[dict[str, Any]] = [about.facts(name) for name in catalogue.every()]
    for row in rows:
        size = f"{row['reach']:g} m" if row["reach"] else f"{row['speed'][0]:g} m/s"
        cells = (row["name"], row["kind"], row["joints"], row["dof"], f"{row['mass']:.1f}", size)
        table.add_row(*map(str, cells), f"{row['source']} ({row['licence']})")
    report({"robots": rows}, as_json, table)


@app.command("boards")
def boards_command(
    write: Annotated[Path | None, typer.Option(help="Renew this page, docs/boards.md.")] = None,
    as_json: Json = False,
) -> None:
    """List the boards that firmware can be built for; with --write, make their page."""
    import hardware
    from hardware import page

    found = [hardware.load_board(name) for name in hardware.boards()]
    if write is not None:
        page.write(write, found)
    table = table_of("boards", "name", "ISA", "ABI", "code", "data", "runs")
    rows: list[dict[str, Any]] = []
    for board in found:
        cells = (*page.code_and_data(board), page.where(board))
        table.add_row(board.name, board.isa.split("_")[0], board.abi, *cells)
        rows.append(
            {
                "name": board.name,
                "isa": board.isa,
                "abi": board.abi,
                "emulator": board.emulator.program if board.emulator else "none",
                "runs": board.runs,
                "system": board.system,
                "memory": [dataclasses.asdict(region) for region in board.memory],
                "flash_tool": board.flash.tool if board.flash else None,
                "description": board.description,
                "proven": board.proven,
            }
        )
    report({"boards": rows}, as_json, table)


@app.command("policies")
def policies_command(as_json: Json = False) -> None:
    """List the policies that come with Millhand."""
    import policies

    rows = policies.shipped()
    table = table_of("policies", "name", "what it is")
    for name, what in rows.items():
        table.add_row(name, what)
    report({"policies": list(rows)}, as_json, table)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is installed, what draws, which boards can run, and how to mend the rest."""
    from drivers import doctor as rooms

    with quiet_stdout(), say.status("looking"):
        parts = list(rooms.examine())
    table = table_of("doctor", "part", "state", "version", "remedy")
    for part in parts:
        poor = "[yellow]optional[/yellow]" if part.optional else "[red]missing[/red]"
        state = "[green]ok[/green]" if part.ok else poor
        table.add_row(part.name, state, part.version, part.remedy)
    ok = all(part.ok or part.optional for part in parts)
    report({"ok": ok, "parts": [part.row() for part in parts]}, as_json, table)
    raise typer.Exit(0 if ok else 1)


# -- the main job


@app.command()
def demo(
    episodes: Annotated[int, typer.Option(min=1, help="Layouts to run.")] = 6,
    board: Board = "virt-rv64",
    controller: Control = "limited_impedance",
    policy: Annotated[str, typer.Option(help="Policy: nano, a folder, an .onnx file.")] = "nano",
    task: Task = "KitTray",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Folder for what comes out.")] = Path("outputs/demo"),
    as_json: Json = False,
) -> None:
    """Run the main job: instruction -> nano -> controller as RISC-V firmware -> arm.

    The controller is cross-compiled for the board and runs in QEMU in lockstep with the
    simulation; every tick is compared, bit by bit, with the same kernel on this machine.
    """
    import policies
    from drivers.emulator import Emulator
    from policies.report import Run
    from policies.runner import Runner
    from robots import catalogue
    from robots.controllers.flags import NAMES
    from sim.env import TICK_HZ
    from sim.video import Film

    law, _ = controller_for(controller, "panda")
    mind = policies.load(policy)
    out.mkdir(parents=True, exist_ok=True)
    say.print(f"building [bold]{law.name}[/bold] for [bold]{board}[/bold] and starting QEMU")
    run = Run(law.name, board, policy, TICK_HZ)
    env: Any = None
    try:
        with Emulator(law, load_board(board)) as emulator, quiet_stdout():
            say.print(f"{emulator.firmware.text_bytes} bytes of firmware; first instruction soon")
            floor = make_env(
                task,
                obs_mode="vla",
                control_mode="joint_setpoints",
                control_hz=10,
                controller=controller,
                actuator=emulator,
                trace=True,
            )
            env = Film(floor, out)
            runner = Runner(mind, env)
            with progress_bar("episodes", episodes) as advance:
                for number in range(1, episodes + 1):
                    try:
                        result = runner.run_episode(seed + number - 1)
                    finally:
                        run.count(emulator)
                    env.finish()
                    flags = [text for flag, text in NAMES.items() if result.flags & flag]
                    run.add(result, env.path.name, env.poster, ", ".join(flags))
                    outcome = "success" if result.success else "failed"
                    advance(number, f"{result.instruction}: {outcome}")
    finally:
        if env is not None:
            env.close()
        summary = run.write(out, catalogue.load("panda"))
    table = table_of("demo", "episode", "instruction", "result", "video")
    for episode in run.episodes:
        word = "[green]success[/green]" if episode.success else "[red]failed[/red]"
        table.add_row(str(episode.number), episode.instruction, word, str(out / episode.video))
    table.add_section()
    table.add_row("", "report", "", str(out / "report.html"))
    report(summary, as_json, table)
    say.print(
        f"{summary['ticks']} ticks on {board}, {summary['ticks_differing']} differing in any bit; "
        f"{summary['instructions_per_tick']:.0f} instructions a tick; "
        f"{summary['times_real_time']:.2f} times real time"
    )
    raise typer.Exit(1 if summary["ticks_differing"] else 0)


# -- policies: record, train, evaluate


def make_env(task: str, **options: Any) -> Any:
    """Make an environment of a task, by its plain or its registered name."""
    import gymnasium as gym

    from sim import tasks

    return gym.make(f"millhand/{tasks.resolve(task)}-v0", disable_env_checker=True, **options)


def mind_for(policy: str, task: str) -> tuple[Any, dict[str, Any]]:
    """Give a policy, and the options of an environment of a task that it can act in."""
    import policies
    from policies.expert import ExpertRun
    from sim import tasks

    if policy != "expert":
        mode = {"obs_mode": "vla", "control_mode": "joint_setpoints", "control_hz": 10}
        return policies.load(policy), mode
    kind = tasks.load(task)
    return ExpertRun, {"control_mode": kind.expert_mode, "control_hz": kind.expert_hz}


@app.command()
def watch(
    task: Annotated[str, typer.Argument(help="Task, see `millhand tasks`.")] = "KitTray",
    policy: Annotated[str, typer.Option(help="expert, nano, a folder, an .onnx file.")] = "expert",
    robot: Annotated[str | None, typer.Option(help="Robot, see `millhand tasks`.")] = None,
    controller: Law = None,
    episodes: Annotated[int, typer.Option(min=1, help="Layouts to show.")] = 1,
    seed: Seed = 0,
    video: Annotated[bool, typer.Option("--video", help="A film even with a display.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for films.")] = Path("outputs/watch"),
    as_json: Json = False,
) -> None:
    """Watch a policy at work: in a window where there is a display, otherwise as a film."""
    from policies.watch import watch as run
    from sim.video import Film

    mind, options = mind_for(policy, task)
    options |= {} if controller is None else {"controller": controller}
    live = not video and (sys.platform == "darwin" or bool(os.environ.get("DISPLAY")))
    env = make_env(task, robot=robot, render_mode="human" if live else "rgb_array", **options)
    rows: list[dict[str, Any]] = []
    table = table_of("watch", "layout", "instruction", "result", "film")
    with quiet_stdout(), progress_bar("episodes", episodes) as advance:
        for result in run(
            env if live else Film(env, out), mind, range(seed, seed + episodes), live
        ):
            film = None if live else str(out / f"episode-{len(rows) + 1:02d}.mp4")
            row = {
                "seed": result.seed,
                "instruction": result.instruction,
                "success": result.success,
                "film": film,
            }
            rows.append(row)
            word = "[green]success[/green]" if result.success else "[red]failed[/red]"
            table.add_row(str(result.seed), result.instruction, word, film or "window")
            advance(len(rows), result.instruction)
    report({"task": task, "policy": policy, "episodes": rows}, as_json, table)


def parse_options(given: list[str]) -> dict[str, Any]:
    """Read KEY=VALUE texts; a value is a Python literal, or else text."""
    found: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise ValueError(f"--option {text!r} is not KEY=VALUE, such as stiffness=2")
        try:
            found[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[key] = value
    return found


@app.command()
def record(
    task: Task = "KitTray",
    out: Annotated[Path, typer.Option(help="Folder for the dataset; must be new.")] = Path(
        "data/kit"
    ),
    episodes: Annotated[int, typer.Option(min=1, help="Layouts to try.")] = 100,
    glances: Annotated[int, typer.Option(min=0, help="Layouts to look at but not act on.")] = 0,
    seed: Seed = 100_000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; each writes a shard.")] = 2,
    as_json: Json = False,
) -> None:
    """Record the scripted expert's demonstrations as a LeRobot v3.0 dataset.

    With --glances also episodes of one frame: layouts seen once, asked for each part in turn.
    """
    from policies import record as recorder
    from sim import tasks

    make = partial(
        make_env,
        tasks.resolve(task),
        obs_mode="images",
        control_mode="ee_pose",
        control_hz=10,
        renderer="tiny",
    )
    begun = time.monotonic()
    with progress_bar("recording", episodes + glances) as advance, quiet_stdout():
        kept, tried = recorder.record_shards(
            make,
            out,
            episodes,
            glances,
            seed,
            workers,
            lambda kept, tried: advance(tried, f"{kept} kept"),
        )
    say.print(f"{kept} episodes of {tried} layouts in {time.monotonic() - begun:.0f} s: {out}")
    report({"dataset": str(out), "episodes": kept, "layouts": tried}, as_json)


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """Show progress on stderr; yields a function of (done, note)."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=say) as progress:
        bar = progress.add_task(what, total=total, note="")
        yield lambda done, note: progress.update(bar, completed=done, note=note)


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="Dataset, or folder of shards.")] = Path("data/kit"),
    out: Annotated[Path, typer.Option(help="Folder for weights and log.")] = Path("runs/nano"),
    arch: Annotated[str, typer.Option(help="nano, or pi0 for comparison.")] = "nano",
    minutes: Annotated[float | None, typer.Option(help="Time budget.")] = None,
    steps: Annotated[int | None, typer.Option(help="Number of steps instead.")] = None,
    head_minutes: Annotated[float, typer.Option(help="More minutes for the head alone.")] = 0.0,
    batch: Annotated[int, typer.Option(min=1, help="Samples a step.")] = 128,
    seed: Annotated[int, typer.Option(help="Fixes every random choice.")] = 0,
    as_json: Json = False,
) -> None:
    """Train a policy on recorded demonstrations; run again to go on where it stopped."""
    from policies.train import train as train_policy

    if minutes is None and steps is None:
        minutes = 40.0
    last = train_policy(
        data,
        out,
        arch,
        seed,
        minutes=minutes,
        steps=steps,
        batch=batch,
        head_minutes=head_minutes,
    )
    report({"policy": str(out), **last}, as_json)


@app.command("eval")
def eval_command(
    task: Task = "KitTray",
    policy: Annotated[str, typer.Option(help="nano, expert, a folder, an .onnx file.")] = "nano",
    robot: Annotated[
        str | None, typer.Option(help="Robot, see `millhand tasks`; the task's first if not given.")
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Layouts to run.")] = 100,
    seed: Seed = 0,
    controller: Law = None,
    board: Annotated[
        str | None, typer.Option(help="Run the controller as firmware on this board.")
    ] = None,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help="Show each episode another one's instruction.")
    ] = False,
    execute: Annotated[int, typer.Option(min=1, help="Actions of a chunk to carry out.")] = 8,
    latency_ms: Annotated[float, typer.Option(help="Simulated inference time.")] = 0.0,
    log: Annotated[Path | None, typer.Option(help="Append the JSON result to this file.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE for the task or its environment, such as stiffness=2."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how often a policy succeeds, with a Wilson 95% interval."""
    import torch

    from policies.evaluate import evaluate
    from sim import rigs, tasks

    kind = tasks.load(task)
    torch.set_num_threads(1)
    mind, options = mind_for(policy, task)
    chosen = parse_options(option or [])
    if controller is not None:
        chosen["controller"] = controller
    options |= chosen
    if board is not None:
        from drivers.emulator import Emulator

        name = options.get("controller") or rigs.controller(kind.rig_kind)
        law = controller_for(name, robot or kind.robots[0])[0]
        options["actuator"] = Emulator(law, load_board(board))
    actuator: Any = options.get("actuator")

    def make() -> Any:
        return make_env(task, robot=robot, **options)

    done = {"episodes": 0, "successes": 0}
    ran = {"ticks": 0, "ticks_differing": 0, "instructions": 0}
    with quiet_stdout(), progress_bar("episodes", episodes) as advance:

        def tell(episode: Any) -> None:
            for count in ran:
                ran[count] += getattr(actuator, count, 0)
            done["episodes"] += 1
            done["successes"] += episode.success
            advance(done["episodes"], f"{done['successes']} succeeded")

        found = evaluate(
            make,
            mind,
            range(seed, seed + episodes),
            shuffle=shuffle,
            execute=execute,
            latency_s=latency_ms / 1000,
            on_episode=tell,
        )
    result = {
        "task": tasks.resolve(task),
        "robot": robot or kind.robots[0],
        "policy": policy,
        **found.summary(),
        "board": board,
        "seed": seed,
        "shuffled": shuffle,
    }
    if chosen:
        result["options"] = chosen
    if board is not None:
        result["ticks"], result["ticks_differing"] = ran["ticks"], ran["ticks_differing"]
        result["instructions_per_tick"] = round(ran["instructions"] / max(ran["ticks"], 1), 1)
    table = table_of("evaluation", "", "")
    for key, value in result.items():
        table.add_row(key, str(value))
    report(result, as_json, table)
    if log is not None and not found.stopped:
        with log.open("a") as file:
            file.write(json.dumps(result) + "\n")
    if found.stopped:
        raise ValueError(f"stopped early: {found.stopped}")


@app.command()
def export(
    policy: Annotated[str, typer.Option(help="nano, or a folder of weights.")] = "nano",
    out: Annotated[Path, typer.Option(help="The .onnx file to write.")] = Path("outputs/nano.onnx"),
    task: Task = "KitTray",
    layouts: Annotated[int, typer.Option(min=1, help="Layouts to compare on.")] = 20,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Export a policy to one ONNX file and compare what both say.

    ONNX Runtime and PyTorch look at the same layouts; the largest difference of any number in
    their chunks of actions is reported (metres, quaternion components, gripper share).
    """
    import policies
    from policies.nano.policy import NanoPolicy
    from policies.onnx_policy import export as export_onnx
    from policies.onnx_policy import largest_difference

    if out.suffix != ".onnx":
        raise ValueError(f"--out {out} does not end in .onnx")
    mind = policies.load(policy)
    if not isinstance(mind, NanoPolicy):
        raise ValueError(f"policy {policy} is not a folder of weights; nano is, for example")
    with say.status(f"exporting {policy}"), quiet_stdout():
        export_onnx(mind, out)
        env = make_env(task, obs_mode="vla")
        resets = (env.reset(seed=number)[0] for number in range(seed, seed + layouts))
        seen = (policies.Observation.from_env(obs) for obs in resets)
        gap = largest_difference(mind, policies.load(out), seen)
        env.close()
    result = {
        "onnx": str(out),
        "bytes": out.stat().st_size,
        "layouts": layouts,
        "max_abs_diff": gap,
    }
    table = table_of("export", "", "")
    for key, value in result.items():
        table.add_row(key, str(value))
    report(result, as_json, table)


# -- boards: build, emulate


@app.command()
def build(
    board: Board = "virt-rv64",
    controller: Control = "limited_impedance",
    robot: Annotated[str, typer.Option(help=ROBOT)] = "",
    out: Annotated[Path, typer.Option(help="Folder for the image.")] = Path("outputs/firmware"),
    form: Annotated[
        str, typer.Option("--format", help="elf, bin (raw bytes) or uf2 (drag and drop).")
    ] = "elf",
    header: Annotated[
        Path | None, typer.Option(help="Also write the C header of the mailbox's structs.")
    ] = None,
    proxy: Annotated[
        Path | None, typer.Option(help="Also write a Python module that reads a live board.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Cross-compile a controller into a board's firmware."""
    from drivers.toolchain import build as build_firmware
    from drivers.toolchain import images
    from drivers.toolchain.header import mailbox_header
    from drivers.toolchain.proxy import proxy_module

    law, _ = controller_for(controller, robot)
    with say.status(f"building {controller} for {board}"):
        firmware = build_firmware(law, load_board(board), out)
        image = images.write(firmware.elf, firmware.board, form)
    for path, text in ((header, mailbox_header(law)), (proxy, proxy_module(law))):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    result = {
        "board": firmware.board.name,
        "controller": firmware.controller.name,
        "elf": str(firmware.elf),
        "text_bytes": firmware.text_bytes,
        "ram_bytes": firmware.ram_bytes,
        "stack_bytes": firmware.stack_bytes,
        "stack_used_bytes": firmware.stack_used_bytes,
        "flash_bytes": firmware.flash_bytes,
        "image": str(image),
        "sha256": firmware.sha256,
    }
    table = table_of("firmware", "", "")
    for key, value in result.items():
        table.add_row(key, str(value))
    report(result, as_json, table)


def load_board(name: str) -> Any:
    """Load a board by name or path."""
    import hardware

    return hardware.load_board(name)


def controller_for(name: str, robot: str = "") -> tuple[Any, Any]:
    """Give a controller and its parameters, as set for a robot at the floor's tick rate."""
    from robots import controllers
    from sim.env import TICK_HZ

    return controllers.for_robot(name, controllers.robot_for(name, robot), TICK_HZ)


@app.command()
def emulate(
    board: Board = "virt-rv64",
    controller: Control = "limited_impedance",
    robot: Annotated[str, typer.Option(help=ROBOT)] = "",
    ticks: Annotated[int, typer.Option(min=1, help="Ticks to run.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Fixes the random inputs.")] = 0,
    profile: Annotated[
        bool, typer.Option("--profile", help="Say where the instructions go, by function.")
    ] = False,
    coverage: Annotated[
        Path | None,
        typer.Option(help="Write which lines of the kernels and of the C runtime ran, as lcov."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a controller's firmware on random inputs and compare every tick with the host."""
    from drivers.emulator import Emulator
    from sim.env import TICK_HZ

    law, params = controller_for(controller, robot)
    give = random_inputs(law, seed)
    with Emulator(law, load_board(board)) as emulator, progress_bar("ticks", ticks) as advance:
        emulator.start(params)
        for tick in range(ticks):
            give(emulator.input)
            emulator.tick()
            if tick % 500 == 499 or tick == ticks - 1:
                advance(tick + 1, f"{emulator.ticks_differing} differing")
        result = figures(emulator, TICK_HZ)
    result = {"board": board, "controller": controller, **result}
    table = table_of("emulation", "", "")
    for key, value in result.items():
        table.add_row(key, str(value))
    few = min(ticks, 200)
    if profile:
        found = profile_of(law, load_board(board), params, few, seed)
        for name, count in list(found.items())[:20]:
            table.add_row(name, f"{count} instructions")
        result["profile"] = found
    if coverage is not None:
        result["coverage"] = coverage_of(
            law, load_board(board), params, few, seed, coverage, as_json
        )
    report(result, as_json, table)
    raise typer.Exit(1 if result["ticks_differing"] else 0)


@app.command()
def flash(
    board: Annotated[str, typer.Option(help="Board, see `millhand boards`, or a .toml file.")],
    controller: Control = "limited_impedance",
    robot: Annotated[str, typer.Option(help=ROBOT)] = "",
    port: Annotated[
        str | None, typer.Option(help="Where the tool finds the board: /dev/ttyUSB0, COM3, ...")
    ] = None,
    serial: Annotated[
        str | None, typer.Option(help="Serial port to verify over, where --port is not one.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the image.")] = Path("outputs/firmware"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before running it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the command.")] = False,
    runtime: Annotated[
        str,
        typer.Option(help="link, commanded over its serial port; or lockstep, not read back."),
    ] = "link",
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Flash nothing; compare what the board holds.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a controller's firmware on a board, and have the board prove that it is there.

    Prints the vendor tool's command, asks, runs it, and compares the hash that the board reads
    back over its serial port. A port at which another board answers is refused by name.
    """
    from drivers import flash as flashing
    from drivers.errors import DriverError
    from drivers.toolchain import build as build_firmware

    law, _ = controller_for(controller, robot)
    target = load_board(board)
    with say.status(f"building {controller} for {target.name}"):
        runtime = runtime if target.system == "bare" else "lockstep"
        try:
            firmware = build_firmware(law, target, out, runtime=runtime)
        except DriverError as error:
            hint = "; --runtime lockstep builds it without host link: it is then not read back"
            raise ValueError(f"{error}{hint if runtime == 'link' else ''}") from error
    steps = [] if verify_only else flashing.commands(firmware, port)
    where = flashing.serial_of(port, serial) if runtime == "link" else None
    if verify_only and not where:
        raise ValueError(f"--verify-only needs --serial, and firmware with a host link: {board}")
    result = {
        "board": target.name,
        "controller": law.name,
        "command": flashing.as_text(steps),
        "elf": str(firmware.elf),
        "flashed": False,
        "verified": False,
    }
    if steps:
        (say if as_json else Console()).print(result["command"], soft_wrap=True, highlight=False)
        if target.flash.note:
            say.print(target.flash.note, soft_wrap=True, highlight=False)
    if not dry_run:
        put_on_board(firmware, steps, where, yes, result)
    report(result, as_json)


def put_on_board(
    firmware: Any, steps: list[list[str]], where: str | None, yes: bool, result: dict[str, Any]
) -> None:
    """Flash and verify; `result` says what was done."""
    from drivers import flash as flashing
    from drivers.serial_port import opened

    baud = firmware.board.uart.option("baud", 115200)
    if steps:
        flashing.find_tools(firmware.board, steps)
        if where:
            with opened(where, baud) as stream:
                found = flashing.check_before(firmware, stream, where)
            say.print(f"at {where}: {found}", highlight=False)
        if not yes and not sys.stdin.isatty():
            raise ValueError("nobody is here to confirm: give --yes to run the command")
        if not yes and not typer.confirm("Run it?", err=True):
            raise ValueError("not confirmed; nothing was flashed")
        flashing.run(steps)
        result["flashed"] = True
    if not where:
        say.print(
            "[yellow]not verified:[/yellow] once the board runs, "
            "millhand flash --verify-only --serial PORT"
        )
        return
    with opened(where, baud) as stream, say.status(f"{firmware.board.name} reads itself back"):
        identity = flashing.verify(firmware, stream)
    result |= {"verified": True, "bytes": identity.size, "sha256": identity.sha256}
    say.print(f"[green]verified:[/green] {identity.size} bytes, SHA-256 {identity.sha256}")


def profile_of(law: Any, board: Any, params: Any, ticks: int, seed: int) -> dict[str, int]:
    """Count a controller's instructions by function over ticks of random inputs."""
    from drivers.profiler import profile

    with say.status("profiling"):
        return profile(law, board, params, ticks, random_inputs(law, seed))


def coverage_of(
    law: Any, board: Any, params: Any, ticks: int, seed: int, path: Path, as_json: bool
) -> dict[str, Any]:
    """Write to `path` which lines ran over ticks of random inputs, and show those that did not."""
    from drivers.coverage import cover
    from drivers.lines import lcov, ranges
    from drivers.lines import report as by_file

    with say.status("covering"):
        lines = cover(law, board, params, ticks, random_inputs(law, seed))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lcov(lines), encoding="utf-8")
    found = by_file(lines)
    table = table_of(f"lines run in {ticks} ticks", "file", "hit", "of", "missed")
    for name, file in found.items():
        short = name.removeprefix(f"{Path.cwd()}{os.sep}")
        missed = ranges(file["missed"], lines[name])
        table.add_row(short, str(len(file["hit"])), str(file["lines"]), missed)
    (say if as_json else Console()).print(table)
    return {"lcov": str(path), "files": found}


def random_inputs(law: Any, seed: int) -> Callable[[Any], None]:
    """Give what fills a controller's input with random numbers, the same for the same seed."""
    import numpy as np

    rng = np.random.default_rng(seed)

    def give(input: Any) -> None:
        for name in law.input.names or ():
            input[name] = rng.normal(0, 1, input[name].shape)

    return give


def figures(emulator: Any, tick_hz: int) -> dict[str, Any]:
    """Give an emulator's counters as a dict."""
    return {
        "ticks": emulator.ticks,
        "ticks_differing": emulator.ticks_differing,
        "first_difference": emulator.first_difference,
        "instructions_per_tick": round(emulator.instructions_per_tick, 1),
        "ticks_per_second": round(emulator.ticks_per_second),
        "times_real_time": round(emulator.ticks_per_second / tick_hz, 2),
    }


# -- bench


@app.command()
def bench(
    name: Annotated[
        str, typer.Argument(help="lockstep, codegen, env, render, kernels, tick or import.")
    ] = "lockstep",
    board: Board = "virt-rv64",
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds; medians count.")] = 5,
    as_json: Json = False,
) -> None:
    """Measure ratios: ours and a peer, interleaved in one run, medians."""
    if name not in BENCHES:
        near = difflib.get_close_matches(name, BENCHES, 1, 0)
        raise ValueError(
            f"unknown bench {name!r}; did you mean {near[0]!r}? ({', '.join(BENCHES)})"
        )
    with say.status(f"bench {name}"), quiet_stdout():
        cases = BENCHES[name](board, rounds)
    table = table_of(f"bench {name}", "case", "ours", "peer", "peer is", "unit", "ratio")
    for case in cases:
        numbers = [
            f"{case[k]:.4g}" if case[k] is not None else "-" for k in ("ours", "peer", "ratio")
        ]
        table.add_row(
            case["case"], numbers[0], numbers[1], case["peer_name"] or "-", case["unit"], numbers[2]
        )
    for case in cases:
        if "text" in case:
            say.print(f"{case['case']}, all rounds:\n{case['text']}", highlight=False)
    machine = f"{os.cpu_count()} cores, {os.uname().machine}"
    report({"name": name, "machine": machine, "cases": cases}, as_json, table)


def bench_lockstep(board: str, rounds: int) -> list[dict[str, Any]]:
    """Time the emulated controllers."""
    import numpy as np

    from drivers import bench
    from robots import bench_tick

    laws: list[Any] = []
    for name in ("maths_probe", "limited_impedance"):
        law, params = controller_for(name, "panda")
        laws.append((law, params, np.zeros(bench.TICKS, law.input)))
    whole = bench_tick.Bench.start()
    inputs = whole.inputs(bench.TICKS)
    laws.append((whole.instance.controller, whole.instance.params, inputs))
    target = load_board(board)
    return [*bench.lockstep(laws, target, rounds), bench_episode(target, laws[1][0], rounds)]


def bench_episode(board: Any, law: Any, rounds: int) -> dict[str, Any]:
    """Time an episode of KitTray with its controller on a board, beside the host's."""
    import numpy as np

    from drivers import bench
    from drivers.emulator import Emulator

    steps = 50
    with Emulator(law, board) as emulator, ExitStack() as stack:

        def episode(**options: Any) -> Callable[[], float]:
            env = make_env("KitTray", **options)
            stack.callback(env.close)
            action = np.zeros(env.action_space.shape, np.float32)

            def take() -> float:
                env.reset(seed=0)
                for _ in range(steps):
                    env.step(action)
                return steps

            return take

        return bench.episode(episode(actuator=emulator), episode(), rounds, board)


def bench_codegen(_: str, rounds: int) -> list[dict[str, Any]]:
    """Count what the cross-compiler's code takes, beside C by hand."""
    from drivers import bench_codegen

    return bench_codegen.codegen(rounds=rounds)


def bench_env(_: str, rounds: int) -> list[dict[str, Any]]:
    """Time the environments."""
    from sim import bench_env

    return bench_env.step(rounds)


def bench_render(_: str, rounds: int) -> list[dict[str, Any]]:
    """Time the pictures."""
    from sim import bench

    return bench.render(rounds)


def bench_kernels(_: str, rounds: int) -> list[dict[str, Any]]:
    """Time the control core."""
    from robots import bench_ik, bench_kernels, bench_trajectories

    cases = bench_kernels.kernel_cases(rounds)
    return [*cases, *bench_ik.cases(), *bench_trajectories.cases(rounds)]


def bench_tick(_: str, rounds: int) -> list[dict[str, Any]]:
    """Time the whole control tick, tick by tick."""
    from robots import bench_tick

    return bench_tick.cases(rounds)


def bench_import(_: str, rounds: int) -> list[dict[str, Any]]:
    """Time imports, and the first tick of a process."""
    from robots import bench_import

    return bench_import.cases(rounds)


BENCHES = {
    "lockstep": bench_lockstep,
    "codegen": bench_codegen,
    "env": bench_env,
    "render": bench_render,
    "kernels": bench_kernels,
    "tick": bench_tick,
    "import": bench_import,
}
