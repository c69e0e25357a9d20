import { expect, test } from "bun:test";
import { channelOf } from "../data-channel.ts";
import { Site } from "../site.ts";

test("a connection has what its state has, and a log-out keeps the handshake alone", async () => {
  const site = await Site.open();
  const guest = await site.connect();
  const [connection] = site.server.peers();
  if (connection === undefined) throw new Error("there is one link");
  expect(connection.state).toEqual({ kind: "greeting" });
  expect(connection.greeted).toBeUndefined();

  await guest.greet();
  const { greeted } = connection;
  expect(connection.state).toEqual({
    kind: "unauthenticated",
    greeted: expect.objectContaining({ clientName: "guest", isTold: false }),
    login: undefined,
  });

  await guest.ask("register", guest.registration("ana"));
  const { member } = connection;
  expect(connection.state).toMatchObject({ kind: "member", isPresent: true, isOperator: false });
  expect(member?.account.name as string | undefined).toBe("ana");
  expect(connection.greeted).toBe(greeted);
  const channel = await channelOf(guest);
  const second = [...site.server.peers()].find(({ state }) => state.kind === "data-channel");
  expect(second?.channel).toEqual({ parent: connection, account: member?.account as never });
  expect(second?.member).toBeUndefined();

  await guest.ask("logout", {});
  expect(connection.state).toEqual({
    kind: "unauthenticated",
    greeted: greeted as never,
    login: undefined,
  });
  expect(connection.member).toBeUndefined();
  await site.quiet();
  expect(channel.ended).toBeDefined();

  await guest.ask("login", guest.signedLogin("ana"));
  expect(connection.account).toBe(member?.account as never);
  expect(connection.member).not.toBe(member); // What the first session began is stale.
  await site.stop();
});
