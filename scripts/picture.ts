import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  drawFrame,
  drawRow,
  type Frame,
  GAP,
  picture,
  ROW_HEIGHT,
  rowsOf,
} from "./picture/drawing.ts";
import { Stage, type Window } from "./picture/stage.ts";

/**
 * `npm run picture`: draws docs/terminal.svg from the real program. A server and two people run in
 * tmux; what the server's terminal and one of theirs show becomes text in an SVG. Addresses,
 * identity and time are replaced, so that the picture changes only when the program does. Needs
 * tmux and dist/chat.
 */

const PICTURE = join(import.meta.dir, "..", "docs", "terminal.svg");

const SERVER: Window = {
  name: "server",
  title: "chat serve --name 'Room 12' --welcome 'Be kind.'",
  columns: 110,
  rows: 32,
};
const ANA: Window = { name: "ana", title: "chat join --user ana", columns: 110, rows: 26 };
/** Talks, and is not drawn. */
const BOB: Window = { name: "bob", title: "chat join --user bob", columns: 80, rows: 24 };

async function play(stage: Stage): Promise<void> {
  const password = join(stage.folder, "room-password");
  writeFileSync(password, "k7mq-tz4w-9hpd\n");
  const names = ["--name", "Room 12", "--welcome", "Be kind."];
  const place = ["--host", "127.0.0.1", "--port", "0", "--room-password-file", password];
  stage.open(SERVER, "serve", ...place, ...names);
  await stage.sees(SERVER, "on another one");
  for (const window of [ANA, BOB]) await stage.join(window);
  await stage.sees(ANA, "ana and bob joined");
  const say = async (window: Window, line: string, words: string) => {
    stage.type(window, line);
    for (const one of [ANA, BOB]) await stage.sees(one, words);
  };
  await say(ANA, "/topic Benches, tools, and what is broken", "set the topic");
  await say(ANA, "Where is the soldering iron?", "Where is the soldering iron?");
  await say(BOB, "/reply In the blue box, second shelf.", "In the blue box");
  await say(ANA, "/react 👍", "👍");
  const plan = join(stage.folder, "bench-plan.pdf");
  writeFileSync(plan, new Uint8Array(412_000));
  await say(BOB, `/send ${plan}`, "bench-plan.pdf");
  await say(ANA, "/me goes to look", "goes to look");
  stage.run(
    "printer",
    "send",
    "--user",
    "printer",
    "@ana: job 7 is ready, see http://printer.local/7",
  );
  await stage.sees(ANA, "job 7 is ready");
  stage.type(ANA, "/join physics");
  await stage.sees(ANA, "make it?");
  stage.tmux("send-keys", "-t", ANA.name, "y");
  await stage.sees(ANA, "#physics>");
  stage.type(BOB, "/msg ana Found it?");
  await stage.sees(ANA, "1 unread");
  stage.tmux("send-keys", "-t", ANA.name, "M-1");
  await stage.sees(ANA, "#lobby>");
  stage.tmux("send-keys", "-t", ANA.name, "-l", "Found it, thank you!");
  await stage.sees(ANA, "Found it, thank you!");
}

function draw(stage: Stage): string {
  const server = drawFrame(SERVER, 0, 0);
  const ana = drawFrame(ANA, 0, server.height + GAP);
  const rows = (window: Window, { left, top }: Frame) =>
    rowsOf(stage.capture(window), window.columns).map((row, i) =>
      drawRow(row, left, top + i * ROW_HEIGHT),
    );
  const title = "A chat server, and a conversation on the full screen";
  return picture(title, server.width, server.height + GAP + ana.height, [
    server.svg,
    ...rows(SERVER, server),
    ana.svg,
    ...rows(ANA, ana),
  ]);
}

const stage = new Stage();
try {
  await play(stage);
  writeFileSync(PICTURE, draw(stage));
  process.stderr.write("drew docs/terminal.svg\n");
} finally {
  stage.close();
}
