import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawFrame, GAP, ROW_HEIGHT, renderSvg } from "./drawing.ts";
import { Timeline } from "./timeline.ts";
import { TmuxSession, type Window } from "./tmux-session.ts";

/**
 * Part of `npm run picture`: draws docs/session.svg, an animation of two users in tmux. Screens
 * last a scripted time, so that the file changes only with the program.
 */

const PICTURE = join(import.meta.dir, "../../docs/session.svg");
/** GitHub loads larger images slowly. */
const BYTES_MAX = 200_000;

const SIZE = { columns: 100, rows: 15 };
const ANA: Window = { name: "ana", title: "chat join --user ana", ...SIZE };
const BOB: Window = { name: "bob", title: "chat join --user bob", ...SIZE };
const SERVER: Window = { name: "server", title: "", columns: 80, rows: 24 };

const KEYS_MS = 80;
const PAUSE_MS = 1_400;
const READ_MS = 2_600;
/** Each step adds rows to the file. */
const KEYS_PER_STEP = 2;

async function joinAll(session: TmuxSession): Promise<void> {
  const names = ["--name", "Room 12", "--welcome", "Be kind."];
  const flags = ["--host", "127.0.0.1", "--port", "0", "--open"];
  session.open(SERVER, "serve", ...flags, ...names);
  await session.waitForText(SERVER, "YOUR-NAME");
  for (const window of [ANA, BOB]) await session.join(window);
  await session.waitForText(ANA, "ana and bob joined");
}

async function playScene(session: TmuxSession, timeline: Timeline): Promise<void> {
  const type = async (window: Window, text: string) => {
    const characters = Array.from(text);
    for (let at = 0; at < characters.length; at += KEYS_PER_STEP) {
      session.keys(window, "-l", characters.slice(at, at + KEYS_PER_STEP).join(""));
      await session.waitForText(
        window,
        `#lobby> ${characters.slice(0, at + KEYS_PER_STEP).join("")}`,
      );
      await timeline.record(KEYS_MS, window);
    }
  };
  const post = async (window: Window, line: string, expected: string, pauseMs = PAUSE_MS) => {
    await type(window, line);
    session.keys(window, "Enter");
    for (const each of [ANA, BOB]) await session.waitForText(each, expected);
    await timeline.record(pauseMs, window);
  };
  await timeline.record(PAUSE_MS, ANA);
  await post(ANA, "Where is the soldering iron?", "soldering iron?");
  await post(BOB, "In the blue box, second shelf.", "In the blue box");
  await post(ANA, "/react 👍", "👍");
  session.write("plans/bench-plan.pdf", new Uint8Array(412_000));
  await post(BOB, "/send plans/bench-plan.pdf", "bench-plan.pdf  412 kB", READ_MS);
  await session.pressAndWait(ANA, "M-s");
  await timeline.record(PAUSE_MS, ANA);
  session.keys(ANA, "g");
  await session.waitForText(ANA, "downloaded bench-plan.pdf (412 kB)");
  await timeline.record(READ_MS, ANA);
  await post(ANA, "Got it, thank you!", "Got it, thank you!");
  await type(ANA, "/search blue");
  session.keys(ANA, "Enter");
  await session.waitForText(ANA, "1 found");
  await timeline.record(2 * READ_MS, ANA);
}

const session = new TmuxSession();
try {
  await joinAll(session);
  const ana = drawFrame(ANA, 0, 0);
  const bob = drawFrame(BOB, 0, ana.height + GAP);
  const timeline = new Timeline(session, [
    { window: ANA, left: ana.left, top: ana.top },
    { window: BOB, left: bob.left, top: bob.top },
  ]);
  await playScene(session, timeline);
  const title = "Two users chat; one sends a file, the other searches for a message";
  const height = ana.height + GAP + bob.height;
  const svg = renderSvg(title, ana.width, height, [
    ana.svg,
    bob.svg,
    ...timeline.render(ROW_HEIGHT),
  ]);
  const bytes = Buffer.byteLength(svg);
  if (bytes > BYTES_MAX) throw new Error(`the recording has ${bytes} bytes: shorten the script`);
  writeFileSync(PICTURE, svg);
  process.stderr.write(`drew docs/session.svg (${Math.round(bytes / 1000)} kB)\n`);
} finally {
  session.close();
}
