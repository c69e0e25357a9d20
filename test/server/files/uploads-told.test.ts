import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { UPLOAD_KEEP_MS } from "../../../src/base/limits.ts";
import type { Account } from "../../../src/core/rooms/accounts.ts";
import { Announcements } from "../../../src/core/rooms/file-posts.ts";
import type { FileFact, Files } from "../../../src/core/rooms/files.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { openBlobStore } from "../../../src/io/blob/blob-store.ts";
import { QUOTAS_DEFAULT, Quotas } from "../../../src/server/files/quotas.ts";
import type { Recipients } from "../../../src/server/files/recipients.ts";
import { UploadBudget } from "../../../src/server/files/upload-budget.ts";
import { UploadService } from "../../../src/server/files/uploads.ts";
import type { ClientConnection } from "../../../src/server/session/client-connection.ts";
import type { RequestOf } from "../../../src/wire/messages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { TestFile } from "../data-channel.ts";

const FILE = new TestFile("told", 0);
const ANA = { id: "uAAAAAAAAAAA" as UserId } as Account;
const LOBBY = "rAAAAAAAAAAA" as RoomId;

test("what a room was told of while its lane was lost stays, whatever follows", async () => {
  const clock = new VirtualClock();
  const store = openBlobStore({ disk: new SimDisk({ random: randomOf(1) }), folder: "/f", sha256 });
  let room = () => Promise.resolve(1e9);
  const blobs = { ...bound(store), freeBytes: () => room() };
  const announcements = new Announcements();
  const fact = () => (announcements.has(FILE.id) ? ({ by: ANA.id } as FileFact) : undefined);
  const files = { get: fact, totalBytes: 0, bytesOf: () => 0 } as unknown as Files;
  const engine = Promise.withResolvers<void>();
  const uploads = new UploadService({
    clock,
    blobs,
    windows: new UploadBudget(),
    quotas: new Quotas({ ...QUOTAS_DEFAULT, freeBytesMin: 0 }, files, blobs),
    files,
    announcements,
    isErased: () => false,
    recipients: { checkMaySend: () => undefined } as unknown as Recipients,
    announce: async () => {
      await engine.promise;
      const posted = { seq: 1, n: 1, time: 0 };
      const head = {
        v: 1,
        kind: "file",
        room: LOBBY,
        by: ANA.id,
        id: FILE.id,
        commit: "",
      } as const;
      announcements.record({ ...head, ...posted });
      uploads.told(FILE.id);
      return posted;
    },
    changed: () => undefined,
    trouble: (fault) => fault,
  });
  const lane = { tell: () => undefined, close: () => undefined } as unknown as ClientConnection;
  const offer: RequestOf<"offer"> = { kind: "offer", ref: 1, ...FILE.offer() };

  const { receiver } = await uploads.offer(lane, ANA, offer);
  const finished = uploads.finish(receiver, ANA, { kind: "finish", ref: 2, ...FILE.finish });
  await clock.advance(0);
  await uploads.letGo(receiver);
  const disk = Promise.withResolvers<number>();
  room = () => disk.promise;
  const again = uploads.offer(lane, ANA, offer);
  engine.resolve();
  expect((await finished).posted).toHaveLength(1);
  disk.reject(new Fault("store-failed", "the disk does not say what is free"));
  expect((await again.catch((error: Fault) => error.code)) as unknown).toBe("store-failed");

  await clock.jump(UPLOAD_KEEP_MS + 1);
  await uploads.sweep();
  expect(await store.open(FILE.id)).toBeDefined();
  expect(uploads.unfinished).toBe(0);
});

function bound(store: ReturnType<typeof openBlobStore>) {
  return {
    list: store.list.bind(store),
    create: store.create.bind(store),
    open: store.open.bind(store),
    remove: store.remove.bind(store),
  };
}
