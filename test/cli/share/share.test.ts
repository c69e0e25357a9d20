import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import {
  CHUNK_BYTES,
  RECEIVE_TIMEOUT_MS,
  STALL_REPORTED_AFTER_MS,
} from "../../../src/base/limits.ts";
import { ReconnectTimeout } from "../../../src/cli/share/client.ts";
import { ShareProgress } from "../../../src/cli/share/share-progress.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { fakeContext } from "../../commands/fake-world.ts";
import { sent } from "../../io/file-carrier.ts";

const LOST = new Fault("link-closed", "the link is gone");

function giveUp() {
  const clock = new VirtualClock();
  const ended: Fault[] = [];
  return { clock, ended, one: new ReconnectTimeout(clock, (fault) => ended.push(fault)) };
}

test("gives up RECEIVE_TIMEOUT_MS after the first loss, with a remedy", async () => {
  const { clock, ended, one } = giveUp();
  expect([one.onLost(LOST), one.onLost(LOST)]).toEqual([true, false]);
  await clock.advance(RECEIVE_TIMEOUT_MS - 1);
  expect(ended).toEqual([]);
  await clock.advance(1);
  expect(ended.map(({ code }) => code)).toEqual(["unreachable"]);
  expect(ended[0]?.remedy).toContain("run chat receive CODE in the same folder");
});

const ID = "fAAAAAAAAAAA" as FileId;
const source = sent("photo.jpg", new Uint8Array(10 * CHUNK_BYTES - 1));

function shown(json = false) {
  const { world, context } = fakeContext({ json });
  const show = new ShareProgress(context);
  return { show, said: () => world.stderr.text.trim().split("\n"), out: () => world.stdout.text };
}

function readAll(show: ShareProgress, from = 0): void {
  for (let index = from; index < 10; index++) show.onRead(ID, source, index);
}

test("displays each receiver's progress to the sharing user", async () => {
  const { show, said } = shown();
  readAll(show);
  show.printNotice("guest has photo.jpg");
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

test("ends the progress of a file that the receiver had before", async () => {
  const clock = new VirtualClock();
  const { world, context } = fakeContext({ clock });
  const show = new ShareProgress(context);
  show.onRead(ID, source, 0);
  show.onDownloaded(ID);
  await clock.advance(10 * STALL_REPORTED_AFTER_MS);
  expect(world.stderr.text).not.toContain("waiting");
  await show.end();
});
