import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawFrame, GAP, picture, ROW_HEIGHT } from "./picture/drawing.ts";
import { Film } from "./picture/film.ts";
import { Stage, type Window } from "./picture/stage.ts";

/**
 * Part of `npm run picture`: draws docs/session.svg, in which two people talk, one sends a file,
 * and the other finds a message again. The real program plays in tmux; what both windows show after
 * each step is kept, for as long as the script below says, and not as long as it took: the picture
 * changes only when the program does. It moves by CSS alone, so that it does where a page shows it
 * as an image; where nothing shall move it shows the last moment.
 */

const PICTURE = join(import.meta.dir, "..", "docs", "session.svg");
/** GitHub shows larger ones late. */
const BYTES_MAX = 200_000;

const SIZE = { columns: 100, rows: 15 };
const ANA: Window = { name: "ana", title: "chat join --user ana", ...SIZE };
const BOB: Window = { name: "bob", title: "chat join --user bob", ...SIZE };
const SERVER: Window = { name: "server", title: "", columns: 80, rows: 24 };

const KEYS_MS = 80;
const LOOK_MS = 1_400;
const READ_MS = 2_600;
/** Typed so many at once: each step has its own rows in the file. */
const KEYS_AT_ONCE = 2;

async function enter(stage: Stage): Promise<void> {
  const names = ["--name", "Room 12", "--welcome", "Be kind."];
  const place = ["--host", "127.0.0.1", "--port", "0", "--open"];
  stage.open(SERVER, "serve", ...place, ...names);
  await stage.sees(SERVER, "on another one");
  for (const window of [ANA, BOB]) await stage.join(window);
  await stage.sees(ANA, "ana and bob joined");
}

async function play(stage: Stage, film: Film): Promise<void> {
  const types = async (window: Window, text: string) => {
    const letters = Array.from(text);
    for (let at = 0; at < letters.length; at += KEYS_AT_ONCE) {
      stage.keys(window, "-l", letters.slice(at, at + KEYS_AT_ONCE).join(""));
      await stage.sees(window, `#lobby> ${letters.slice(0, at + KEYS_AT_ONCE).join("")}`);
      await film.keep(KEYS_MS, window);
    }
  };
  const says = async (window: Window, line: string, seen: string, forMs = LOOK_MS) => {
    await types(window, line);
    stage.keys(window, "Enter");
    for (const one of [ANA, BOB]) await stage.sees(one, seen);
    await film.keep(forMs, window);
  };
  await film.keep(LOOK_MS, ANA);
  await says(ANA, "Where is the soldering iron?", "soldering iron?");
  await says(BOB, "In the blue box, second shelf.", "In the blue box");
  await says(ANA, "/react 👍", "👍");
  stage.write("plans/bench-plan.pdf", new Uint8Array(412_000));
  await says(BOB, "/send plans/bench-plan.pdf", "bench-plan.pdf  412 kB", READ_MS);
  // The newest message is selected, and `g` fetches its file.
  await stage.presses(ANA, "M-s");
  await film.keep(LOOK_MS, ANA);
  stage.keys(ANA, "g");
  await stage.sees(ANA, "bench-plan.pdf (412 kB) is here");
  await film.keep(READ_MS, ANA);
  await says(ANA, "Got it, thank you!", "Got it, thank you!");
  await types(ANA, "/search blue");
  stage.keys(ANA, "Enter");
  await stage.sees(ANA, "1 found");
  await film.keep(2 * READ_MS, ANA);
}

const stage = new Stage();
try {
  await enter(stage);
  const ana = drawFrame(ANA, 0, 0);
  const bob = drawFrame(BOB, 0, ana.height + GAP);
  const film = new Film(stage, [
    { window: ANA, left: ana.left, top: ana.top },
    { window: BOB, left: bob.left, top: bob.top },
  ]);
  await play(stage, film);
  const title = "Two people talk; one sends a file, the other finds a message again";
  const height = ana.height + GAP + bob.height;
  const svg = picture(title, ana.width, height, [ana.svg, bob.svg, ...film.develop(ROW_HEIGHT)]);
  const bytes = Buffer.byteLength(svg);
  if (bytes > BYTES_MAX) throw new Error(`the recording has ${bytes} bytes: leave something out`);
  writeFileSync(PICTURE, svg);
  process.stderr.write(`drew docs/session.svg (${Math.round(bytes / 1000)} kB)\n`);
} finally {
  stage.close();
}
