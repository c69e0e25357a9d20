import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  drawFrame,
  drawRow,
  type Frame,
  GAP,
  parseRows,
  ROW_HEIGHT,
  renderSvg,
} from "./picture/drawing.ts";
import { TmuxSession, type Window } from "./picture/tmux-session.ts";

/**
 * Part of `npm run picture`: draws docs/terminal.svg from a server and two users in tmux.
 * Addresses, fingerprint and time are replaced, so that the picture changes only with the program.
 */

const PICTURE = join(import.meta.dir, "..", "docs", "terminal.svg");

const SERVER: Window = {
  name: "server",
  title: "chat serve --name 'Room 12' --welcome 'Be kind.'",
  columns: 110,
  rows: 32,
};
const ANA: Window = { name: "ana", title: "chat join --user ana", columns: 110, rows: 26 };
const BOB: Window = { name: "bob", title: "chat join --user bob", columns: 80, rows: 24 };

async function playScene(session: TmuxSession): Promise<void> {
  const password = join(session.folder, "room-password");
  writeFileSync(password, "k7mq-tz4w-9hpd\n");
  const names = ["--name", "Room 12", "--welcome", "Be kind."];
  const flags = ["--host", "127.0.0.1", "--port", "0", "--room-password-file", password];
  session.open(SERVER, "serve", ...flags, ...names);
  await session.waitForText(SERVER, "YOUR-NAME");
  for (const window of [ANA, BOB]) await session.join(window);
  await session.waitForText(ANA, "ana and bob joined");
  const typeAndWait = async (window: Window, line: string, expected: string) => {
    session.type(window, line);
    for (const each of [ANA, BOB]) await session.waitForText(each, expected);
  };
  await typeAndWait(ANA, "/topic Benches, tools, and what is broken", "set the topic");
  await typeAndWait(ANA, "Where is the soldering iron?", "Where is the soldering iron?");
  await typeAndWait(BOB, "/reply In the blue box, second shelf.", "In the blue box");
  await typeAndWait(ANA, "/react 👍", "👍");
  const plan = join(session.folder, "bench-plan.pdf");
  writeFileSync(plan, new Uint8Array(412_000));
  await typeAndWait(BOB, `/send ${plan}`, "bench-plan.pdf");
  await typeAndWait(ANA, "/me goes to look", "goes to look");
  session.run(
    "printer",
    "send",
    "--user",
    "printer",
    "@ana: job 7 is ready, see http://printer.local/7",
  );
  await session.waitForText(ANA, "job 7 is ready");
  session.type(ANA, "/join physics");
  await session.waitForText(ANA, "Create it?");
  session.tmux("send-keys", "-t", ANA.name, "y");
  await session.waitForText(ANA, "#physics>");
  session.type(BOB, "/msg ana Found it?");
  await session.waitForText(ANA, "1 unread");
  session.tmux("send-keys", "-t", ANA.name, "M-1");
  await session.waitForText(ANA, "#lobby>");
  session.tmux("send-keys", "-t", ANA.name, "-l", "Found it, thank you!");
  await session.waitForText(ANA, "Found it, thank you!");
}

function draw(session: TmuxSession): string {
  const server = drawFrame(SERVER, 0, 0);
  const ana = drawFrame(ANA, 0, server.height + GAP);
  const rows = (window: Window, { left, top }: Frame) =>
    parseRows(session.capture(window), window.columns).map((row, i) =>
      drawRow(row, left, top + i * ROW_HEIGHT),
    );
  const title = "A chat server, and a conversation on the full screen";
  return renderSvg(title, server.width, server.height + GAP + ana.height, [
    server.svg,
    ...rows(SERVER, server),
    ana.svg,
    ...rows(ANA, ana),
  ]);
}

const session = new TmuxSession();
try {
  await playScene(session);
  writeFileSync(PICTURE, draw(session));
  process.stderr.write("drew docs/terminal.svg\n");
} finally {
  session.close();
}
