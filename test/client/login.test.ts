import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { Credentials } from "../../src/client/login.ts";
import { ANA, ClientFixture, clientTest, connected, PINNED_ADDRESS } from "./client-fixture.ts";

function withAccount(user: string): ClientFixture {
  const fixture = new ClientFixture();
  fixture.server.accounts.set(user, { user, password: "pw", devices: new Set() });
  return fixture;
}

function enter(fixture: ClientFixture, credentials: Credentials | undefined = ANA) {
  return fixture.outcome(fixture.client({ credentials }).client.connect());
}

async function refusal(fixture: ClientFixture, credentials?: Credentials): Promise<Fault> {
  const fault = await enter(fixture, credentials);
  if (!(fault instanceof Fault)) throw new Error("it was not refused");
  return fault;
}

describe("a log-in", () => {
  clientTest("registers a new name, and stores device and server", async (fixture) => {
    const { server, state } = fixture;
    server.addRecord({ text: "before" });
    const { client, events } = fixture.client();
    const entered = await fixture.outcome(client.connect());
    expect(entered).toMatchObject({ user: "ana", registered: true });
    await fixture.clock.advance(0);
    expect(fixture.requests()).toEqual(["admit", "register"]);
    expect(events.map(({ kind }) => kind)).toEqual(["pinned", "connected", "record", "caught-up"]);
    expect(events[1]).toMatchObject({ user: "ana", rooms: [{ name: "lobby", kind: "room" }] });
    const { fingerprint } = server.identity;
    expect(state.pin(PINNED_ADDRESS)?.fingerprint).toBe(fingerprint);
    expect(state.enrolment(fingerprint, "ANA")).toBe("u-ana");
    expect(state.lastUser(fingerprint)).toBe("ana");
  });

  test("by an enrolled device needs no secret", async () => {
    const { fixture, server } = await connected();
    server.requests.length = 0;
    const entered = await enter(fixture, { user: "ana", mode: "either" });
    expect(entered).toMatchObject({ registered: false });
    expect(fixture.requests()).toEqual(["login by device"]);
  });

  test("by a revoked device is tried once, then the enrolment is deleted", async () => {
    const { fixture, server } = await connected();
    server.accounts.get("ana")?.devices.clear();
    server.requests.length = 0;
    expect((await refusal(fixture)).code).toBe("login-refused");
    expect(fixture.requests()).toEqual(["login by device", "admit", "register"]);
    expect(fixture.state.enrolment(server.identity.fingerprint, "ana")).toBeUndefined();
  });

  test("under a taken name tries the device, then the password", async () => {
    const fixture = withAccount("ana");
    expect(await enter(fixture, { ...ANA, password: "pw" })).toMatchObject({ registered: false });
    expect(fixture.requests()).toEqual([
      "admit",
      "register",
      "login by device",
      "login by password",
    ]);
    expect(fixture.server.accounts.get("ana")?.devices.size).toBe(1);
  });

  clientTest("prompts for the server password, then for a new password", async (fixture) => {
    const expected: string[] = [];
    const ask = async (what: string, isRepeated: boolean) => {
      expected.push(isRepeated ? `${what} again` : what);
      if (what === "new-password") return "mine";
      return expected.length < 3 ? `wrong ${expected.length}` : "sesame";
    };
    await fixture.connect({ credentials: { user: "ana", mode: "either", promptSecret: ask } });
    const again = "room-password again";
    expect(expected).toEqual(["room-password", again, again, "new-password"]);
    expect(fixture.server.accounts.get("ana")?.password).toBe("mine");
  });

  test("asks before an unknown name gets an account", async () => {
    const fixture = withAccount("bob");
    const { server } = fixture;
    let questions = 0;
    const credentials = (user: string, isWanted: boolean): Credentials => ({
      ...ANA,
      user,
      mode: "either",
      confirmNew: async () => {
        questions++;
        return isWanted;
      },
    });
    expect(await refusal(fixture, credentials("ana", false))).toMatchObject({
      code: "user-unknown",
      message: "no account ana on this server",
    });
    expect([questions, server.accounts.has("ana")]).toEqual([1, false]);
    expect((await refusal(fixture, credentials("bob", true))).code).toBe("login-refused");
    expect(questions).toBe(1);
    const short = { ...credentials("ana", true), password: "short" };
    expect((await refusal(fixture, short)).code).toBe("usage");
    expect(questions).toBe(1);
    expect(await enter(fixture, credentials("ana", true))).toMatchObject({ registered: true });
    expect([questions, server.accounts.has("ana")]).toEqual([2, true]);
    expect(await enter(fixture, { ...credentials("cid", false), mode: "register" })).toMatchObject({
      registered: true,
    });
  });

  test("continues on a new link when the server closed the last one during a prompt", async () => {
    const fixture = new ClientFixture();
    const { server } = fixture;
    const prompts: string[] = [];
    const promptSecret = async (kind: string) => {
      prompts.push(kind);
      server.dismiss(new Fault("timeout", "logging in took too long"));
      await fixture.clock.advance(0);
      return kind === "new-password" ? "mine" : "sesame";
    };
    const { client } = await fixture.connect({
      credentials: { user: "ana", mode: "either", promptSecret },
    });
    expect(prompts).toEqual(["room-password", "new-password"]);
    expect(fixture.requests()).toEqual([
      ...["login by device", "admit", "register", "admit", "register"],
    ]);
    expect([client.user, server.accounts.get("ana")?.password]).toEqual(["ana", "mine"]);
  });

  clientTest("fails if the server is gone when the user answers", async (fixture) => {
    const promptSecret = async () => {
      await fixture.server.stop();
      fixture.server.dismiss(new Fault("timeout", "logging in took too long"));
      await fixture.clock.advance(0);
      return "sesame";
    };
    const fault = await refusal(fixture, { user: "ana", mode: "either", promptSecret });
    expect(fault.code).toBe("unreachable");
  });

  test.each([
    ["nothing at all", { user: "ana", mode: "either" }, "login-refused"],
    ["login of nobody", { ...ANA, mode: "login", password: "y" }, "login-refused"],
    ["register of somebody", { ...ANA, user: "bob", mode: "register" }, "name-taken"],
    ["register without a secret", { user: "eve", mode: "register" }, "room-password-wrong"],
    ["somebody else's name", { ...ANA, user: "bob", password: "y" }, "login-refused"],
  ] as const)("with %s is refused", async (_, credentials, code) => {
    const fixture = withAccount("bob");
    const watched = fixture.client({ credentials });
    expect(await fixture.code(watched.client.connect())).toBe(code);
    await fixture.clock.advance(10_000);
    expect(watched.kinds()).toEqual(["pinned", "closed"]);
    expect(watched.last("closed")?.fault?.code).toBe(code);
  });

  test("to an existing account works while registration is closed", async () => {
    const message = "registration is closed";
    const fixture = withAccount("ana");
    fixture.server.misbehaviour.onRequest = ({ kind }) =>
      kind === "register" ? new Fault("not-allowed", message) : undefined;
    expect(await enter(fixture, { ...ANA, password: "pw" })).toMatchObject({ registered: false });
    const other = await enter(fixture, { ...ANA, user: "eve", password: "pw" });
    expect(other).toMatchObject({ message });
  });

  test("asks for an invite, not for a password, while registration is closed", async () => {
    const fixture = withAccount("ana");
    fixture.server.misbehaviour.onWelcome = (welcome) => ({ ...welcome, closed: true });
    const asked: string[] = [];
    const promptSecret = async (kind: string) => {
      asked.push(kind);
      return undefined;
    };
    await refusal(fixture, { user: "eve", mode: "either", promptSecret });
    expect(asked).toEqual(["invite", "password"]);
    const wrong: Credentials = { user: "ana", mode: "either", password: "wrong" };
    const { remedy } = await refusal(fixture, wrong);
    expect(remedy).toContain("CHAT_INVITE to register a new name");
    expect(remedy).not.toContain("CHAT_ROOM_PASSWORD");
    const registered = await refusal(fixture, { user: "eve", mode: "register" });
    expect(registered).toMatchObject({ code: "not-allowed", remedy: "ask for an invite" });
  });

  test("without credentials needs only a link; a missing server is unreachable", async () => {
    const fixture = new ClientFixture();
    await fixture.outcome(fixture.server.stop());
    expect((await refusal(fixture)).code).toBe("unreachable");
    fixture.server.start();
    fixture.server.misbehaviour.onRequest = () => "silent";
    const { client } = await fixture.connect({ credentials: undefined });
    expect(client.user).toBeUndefined();
  });
});
