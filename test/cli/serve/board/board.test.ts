import { expect, test } from "bun:test";
import { Fault } from "../../../../src/base/fault.ts";
import { defined } from "../../../../src/base/values.ts";
import { printNotice } from "../../../../src/cli/context.ts";
import { Board } from "../../../../src/cli/serve/board/board.ts";
import type { JoinInfo } from "../../../../src/cli/serve/join-info.ts";
import type { BoardStart } from "../../../../src/cli/serve/server-board.ts";
import { Registry } from "../../../../src/core/rooms/accounts.ts";
import { Rooms } from "../../../../src/core/rooms/rooms.ts";
import { VirtualClock } from "../../../client/virtual-clock.ts";
import { fakeContext } from "../../../commands/fake-world.ts";
import { FakeDevice } from "../../screen/terminal/fake-device.ts";

const SERVER = { host: "192.168.1.20", port: 2428, portGiven: true };
const JOIN: JoinInfo = {
  name: "Room 12",
  local: SERVER,
  invite: SERVER,
  isPublic: false,
  fingerprint: "SHA256:x",
  roomPassword: "yjm9-cmnb-wurk",
  tls: true,
  udp: true,
  irc: [],
  data: "/srv/data",
  operatorToken: "token",
};

interface Opening {
  readonly clock?: VirtualClock;
  readonly hasNetwork?: () => boolean;
  readonly wall?: boolean;
}

function opened({ clock, hasNetwork = () => true, wall = false }: Opening = {}) {
  const { world, context } = fakeContext({ terminal: true, ...defined({ clock }) });
  const device = new FakeDevice({ columns: 80, rows: 24 });
  const board = new Board(context, { verbose: false, quiet: false, wall }, () => device);
  const start = {
    server: {
      console: { transfers: () => ({ transfers: [], more: 0 }), diskSpace: undefined },
      peers: () => [],
    },
    open: { rooms: new Rooms(), registry: new Registry() },
    joinInfo: () => JOIN,
    hasNetwork,
    hasCertificateFailed: () => false,
    stop: () => {},
  } as unknown as BoardStart;
  return { world, device, board, start };
}

test("shows notices instead of printing them, and prints the last ones at the end", async () => {
  const { world, device, board, start } = opened();
  printNotice(board.context, "before");
  expect(world.stderr.text).toBe("chat: before\n");
  board.start(start);
  await Promise.resolve();
  expect(device.output.take()).toContain("nobody here yet");
  printNotice(board.context, "the key is \u001b[2Jpublic");
  board.event({
    kind: "warning",
    fault: new Fault("store-failed", "no marks", { remedy: "free" }),
  });
  board.event({
    kind: "warning",
    fault: new Fault("store-failed", "no marks", { remedy: "free" }),
  });
  const free = { freeBytes: 180_000_000, keepFreeBytes: 268_000_000, isLow: true };
  board.event({ kind: "disk", ...free });
  expect(world.stderr.text).toBe("chat: before\n");
  await Promise.resolve();
  expect(device.output.take()).toContain("✗ Disk: 180 MB free");
  await board.close();
  const last = device.output.take().split("1049l")[1] ?? "";
  expect(last.replace(/^[^R]*/, "").split("\r\n")).toEqual([
    "Room 12 · https://192.168.1.20:2428/ · since 01:00",
    expect.stringMatching(/^chat: Disk: 180 MB free; messages are refused below 268 MB/),
    "chat: the key is ␛[2Jpublic",
    "chat: no marks; free",
    "",
  ]);
  printNotice(board.context, "after");
  expect(world.stderr.text).toBe("chat: before\nchat: after\n");
  expect(device.calls).toEqual(["raw", "cooked", "close"]);
});

test("the wall says since when nobody can connect, until somebody can again", async () => {
  const network = { isUp: true };
  const clock = new VirtualClock();
  const { device, board, start } = opened({ clock, hasNetwork: () => network.isUp, wall: true });
  board.start(start);
  const offline = async (ms: number) => {
    await clock.advance(ms);
    device.output.take();
    // Paints the whole screen, not only what has changed.
    device.resize({ columns: device.now.columns + 1, rows: 24 });
    await clock.advance(1_000);
    return /No connection since \d\d:\d\d/.exec(device.output.take())?.[0];
  };
  expect(await offline(60_000)).toBeUndefined();
  network.isUp = false;
  const since = await offline(1_000);
  expect(since).toBeDefined();
  board.event({ kind: "majority", fault: new Fault("no-majority", "1 of 3 servers") });
  network.isUp = true;
  expect(await offline(120_000)).toBe(since);
  board.event({ kind: "majority", fault: undefined });
  expect(await offline(1_000)).toBeUndefined();
  await board.close();
});

test("restores the terminal when the process ends", async () => {
  const { device, board, start } = opened();
  board.start(start);
  device.emit("exit");
  expect(device.calls[1]).toContain("Room 12 · https://192.168.1.20:2428/");
  await board.close();
});
