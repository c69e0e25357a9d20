import { expect, test } from "bun:test";
import { ndjson } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

test("requires another way to sign in before logout, and then asks for the password", async () => {
  await using sandbox = server.guests();
  const cleo = sandbox.home("cleo").with({ CHAT_USER: "cleo" });
  await cleo.run(["register"]);
  const refused = await cleo.run(["logout", "--json"]);
  expect([refused.exitCode, ndjson(refused.out)]).toEqual([
    3,
    [expect.objectContaining({ kind: "fault", code: "last-credential" })],
  ]);
  expect((await cleo.run(["send", "still in"])).exitCode).toBe(0);
  await cleo.run(["passwd"], { env: { CHAT_NEW_PASSWORD: "swordfish" } });
  expect(await cleo.json(["logout"])).toEqual([{ kind: "logged-out", user: "cleo" }]);
  const asked = await cleo.run(["join", "--json"]);
  expect([asked.exitCode, ndjson(asked.out).at(-1)?.["code"]]).toEqual([3, "login-refused"]);
  expect(asked.err).toContain("CHAT_PASSWORD");
  const back = await cleo.with({ CHAT_PASSWORD: "swordfish" }).run(["join"]);
  expect(back.exitCode).toBe(0);
  expect((await cleo.run(["send", "in again"])).exitCode).toBe(0);
});

server.test("five concurrent processes share a new home and register one user", async (sandbox) => {
  const eva = sandbox.home("eva").with({ CHAT_USER: "eva" });
  const ran = await Promise.all(
    Array.from({ length: 5 }, (_, i) => eva.run(["send", `message ${i}`])),
  );
  expect(
    ran.map(({ exitCode, err }) => [exitCode, err.replace(/^chat: first[^\n]+\n/, "")]),
  ).toEqual(Array.from({ length: 5 }, () => [0, ""]));
  const said = await eva.json(["history", "--from", "eva"]);
  const texts = said.flatMap(({ text }) => text ?? []).map(String);
  const wanted = Array.from({ length: 5 }, (_, i) => `message ${i}`);
  expect(texts.toSorted()).toEqual(wanted.toSorted());
  expect((await eva.json(["users"])).filter(({ user }) => user === "eva")).toHaveLength(1);
});
