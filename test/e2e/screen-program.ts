import { writeFileSync } from "node:fs";
import { createContext, processIo } from "../../src/cli/context.ts";
import { flushOutput, report } from "../../src/cli/program.ts";
import { TerminalScreen } from "../../src/cli/screen/terminal/screen.ts";
import { openTerminalDevice } from "../../src/io/terminal/device.ts";

/**
 * Program that screen-modes.test.ts runs in a terminal. It displays its input: `z` suspends it, `q`
 * ends it, `x` crashes it, and `f` draws frames until `e`. At SIGURG it writes its progress to the
 * file in its argument.
 */

const world = processIo(() => process.exit(0));

function end(exitCode: number): void {
  flushOutput(exitCode, world).then((code) => process.exit(code));
}

process.on("uncaughtException", (error) => end(report(error, [], world)));
process.on("unhandledRejection", (error) => end(report(error, [], world)));

const { stdin, onSignal } = createContext(world, { json: false, color: false, debug: false });
const device = openTerminalDevice(stdin, () => process.exit(0));
const screen = new TerminalScreen({ device, clock: world.clock, mouse: true, onResize: show });

const typed: string[] = [];
let drawn = 0;
let frames = 0;
let isOver = false;

function show(): void {
  const { columns, rows } = device.size();
  const lines = [`${columns}x${rows}`, `typed ${typed.join(" ")}`, `drawn ${++drawn}`];
  screen.show({ lines, cursor: { row: 1, column: 3 }, title: "the program" });
}

async function run(): Promise<void> {
  onSignal(() => void screen.modes.close().then(() => end(143)));
  screen.modes.enter();
  for (;;) {
    const chunk = await stdin.chunk();
    if (chunk === undefined) break;
    for (const byte of chunk) typed.push(byte.toString(16));
    const key = new TextDecoder().decode(chunk);
    if (key === "q") break;
    if (key === "z") await screen.modes.suspend();
    if (key === "x") queueMicrotask(() => JSON.parse("{ this is no JSON"));
    if (key === "f") flood();
    else if (key === "e") isOver = true;
    else show();
  }
  await screen.modes.close();
}

const ROW_CHARACTERS = 70;

function flood(): void {
  for (let i = 0; i < 100; i++) {
    frames++;
    const lines = Array.from({ length: 20 }, (_, row) =>
      String(frames + row).repeat(ROW_CHARACTERS),
    );
    screen.show({
      lines: [`frame ${frames}`, ...lines.map((line) => line.slice(0, ROW_CHARACTERS))],
      cursor: undefined,
      title: "",
    });
  }
  if (!isOver) setImmediate(flood);
}

process.on("SIGURG", () => {
  const queuedBytes = device.output.queuedBytes();
  writeFileSync(process.argv[2] ?? "", JSON.stringify({ frames, queuedBytes }));
});

await run().then(
  () => end(0),
  (error) => end(report(error, [], world)),
);
