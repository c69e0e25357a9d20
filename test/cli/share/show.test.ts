import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { createContext } from "../../../src/cli/context.ts";
import { ShareShow } from "../../../src/cli/share/show.ts";
import { fakeWorld } from "../../commands/fake-world.ts";
import { sent } from "../../io/file-carrier.ts";

const ID = "fAAAAAAAAAAA" as FileId;
const source = sent("photo.jpg", new Uint8Array(10 * CHUNK_BYTES - 1));

function shown(json = false) {
  const world = fakeWorld();
  const show = new ShareShow(createContext(world, { json, color: false, debug: false }));
  return { show, said: () => world.stderr.text.trim().split("\n"), out: () => world.stdout.text };
}

function readAll(show: ShareShow, from = 0): void {
  for (let index = from; index < 10; index++) show.read(ID, source, index);
}

test("the sharing user sees each receiver's progress", async () => {
  const { show, said } = shown();
  readAll(show);
  show.say("guest has photo.jpg");
  readAll(show, 4);
  await show.end();
  const whole = "chat: photo.jpg: 100 %, 2.6 MB";
  expect(said().filter((line) => !line.endsWith("left"))).toEqual([
    whole,
    "chat: guest has photo.jpg",
    "chat: photo.jpg: resumed at 1.0 MB",
    "chat: photo.jpg: 40 %, 1.0 MB of 2.6 MB",
    whole,
  ]);
});

test("a slower receiver does not take progress back", async () => {
  const { show, said } = shown();
  for (const index of [0, 1, 2, 0, 1]) show.read(ID, source, index);
  readAll(show, 3);
  await show.end();
  expect(said()).toEqual(["chat: photo.jpg: 100 %, 2.6 MB"]);
});

test("scripts hear of whole files only", () => {
  const { show, said, out } = shown(true);
  readAll(show);
  expect([said(), out()]).toEqual([[""], ""]);
});
