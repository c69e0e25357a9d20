import { expect } from "bun:test";
import { file, noise, sha256 } from "./e2e/couriers.ts";
import { sandboxTest } from "./e2e/shared-server.ts";

/** The compiled binary as a newcomer uses it; `test/e2e/` has the details. */

const FILE_BYTES = 3_000_000;

sandboxTest("two users talk and exchange a file, and the history has both", async (sandbox) => {
  const served = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  const [anaChat, bobChat] = [await ana.join([]), await bob.join([])];
  anaChat.type("hello bob");
  await bobChat.json("text", { from: "ana", text: "hello bob" });
  bobChat.type("hello ana");
  await anaChat.json("text", { from: "bob", text: "hello ana" });

  const photo = file(sandbox, "photo.jpg", noise(FILE_BYTES));
  await ana.json(["send-file", photo, "--to", "@bob"]);
  const { id } = await bobChat.file({ from: "ana", name: "photo.jpg" });
  const got = await bob.json(["get-file", String(id), "--out", sandbox.path("inbox")]);
  const path = String(got.find(({ kind }) => kind === "got")?.["path"]);
  expect(sha256(path)).toBe(sha256(photo));

  expect((await anaChat.finish()).exitCode).toBe(0);
  expect((await bobChat.finish()).exitCode).toBe(0);
  expect((await served.program.signal("SIGTERM")).exitCode).toBe(0);
  const history = await ana.json(["history", "--data", served.data]);
  const texts = history.filter(({ kind }) => kind === "text").map(({ text }) => text);
  expect(texts).toEqual(["hello bob", "hello ana"]);
  const files = [{ id, sizeBytes: FILE_BYTES }];
  expect(history.find(({ kind }) => kind === "file")).toMatchObject({ files });
});
