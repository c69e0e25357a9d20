import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import { RECONNECT_MAX_MS } from "../../src/base/limits.ts";
import { deviceKeys } from "../../src/cli/connect/keys.ts";
import {
  ConnectionLoop,
  type ConnectionLoopOptions,
  type ConnectionLoopOwner,
  type LoopState,
} from "../../src/client/connection-loop.ts";
import { notConnected } from "../../src/client/link/retry.ts";
import type { Credentials } from "../../src/client/login.ts";
import { sampleSize } from "../samples.ts";
import { ANA, ClientFixture } from "./client-fixture.ts";

const UNREACHABLE = new Fault("unreachable", "nobody answers");
const RECONNECTS = ["always", "inside", "never"] as const;
const SECOND_WAIT_MS = 499;
const BEN: Credentials = { ...ANA, user: "ben" };

class LoopFixture {
  readonly fixture = new ClientFixture();
  readonly loop: ConnectionLoop;
  readonly states: LoopState[] = [];
  readonly entered: string[] = [];
  dials = 0;
  lost = 0;
  isDead = false;
  held: Promise<void> | undefined;
  onEntered: () => void = () => undefined;

  constructor(
    parts: Partial<ConnectionLoopOptions> = {},
    owner: Partial<ConnectionLoopOwner> = {},
  ) {
    const { clock, network, state, device } = this.fixture;
    const dial = network.dialFrom("home");
    const entropy = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(255);
    this.loop = new ConnectionLoop(
      {
        clock,
        entropy,
        keys: deviceKeys(device, state),
        program: "chat/test",
        dial: async () => {
          this.dials += 1;
          await this.held;
          if (this.isDead) throw UNREACHABLE;
          return dial({ host: "server", port: 2428, timeoutMs: 1_000 });
        },
        policy: {
          retriesOnLink: false,
          refusedRemedy: () => "",
          takenRemedy: () => "",
          registrationRemedy: "",
        },
        reconnects: "inside",
        remembersPassword: false,
        ...parts,
      },
      {
        state: (now) => void this.states.push(now),
        greeted: () => undefined,
        account: (_, user) => ({
          isEnrolled: this.entered.includes(user),
          after: undefined,
          onUnenrolled: () => undefined,
          onLoggedIn: ({ connection }, { account }) => {
            this.onEntered();
            this.entered.push(account.user);
            connection.listen(() => undefined);
          },
        }),
        lost: () => {
          this.lost += 1;
        },
        hasPendingWork: () => false,
        whenReady: (callback) => callback(),
        ...owner,
      },
    );
  }

  next(): string[] {
    return this.states.splice(0).map(({ kind }) => kind);
  }

  async in(credentials = ANA): Promise<void> {
    await this.fixture.outcome(this.loop.logIn(credentials));
    expect(this.next()).toEqual(["entering", "in"]);
  }

  async cut(): Promise<void> {
    this.fixture.network.cut();
    await this.fixture.clock.advance(0);
  }

  get open(): number {
    let count = 0;
    this.fixture.network.cut(() => {
      count += 1;
      return false;
    });
    return count;
  }
}

async function loggedIn(...args: ConstructorParameters<typeof LoopFixture>): Promise<LoopFixture> {
  const rig = new LoopFixture(...args);
  await rig.in();
  return rig;
}

async function lost(...args: ConstructorParameters<typeof LoopFixture>): Promise<LoopFixture> {
  const rig = await loggedIn(...args);
  await rig.cut();
  return rig;
}

describe("automatically", () => {
  test("connects, logs in again, and reconnects after a loss", async () => {
    const rig = await loggedIn();
    const { clock } = rig.fixture;
    await rig.cut();
    expect(rig.states).toMatchObject([
      { kind: "waiting", isLoss: true, retryInMs: 250, fault: { code: "link-closed" } },
    ]);
    rig.isDead = true;
    await clock.advance(250);
    expect(rig.next()).toEqual(["waiting", "connecting", "waiting"]);
    expect(rig.loop.state).toMatchObject({
      isLoss: false,
      retryInMs: SECOND_WAIT_MS,
      fault: UNREACHABLE,
    });
    expect(rig.loop.connection).toBeUndefined();
    rig.isDead = false;
    await clock.advance(SECOND_WAIT_MS - 1);
    expect(rig.next()).toEqual([]);
    await clock.advance(1);
    expect(rig.next()).toEqual(["connecting", "in"]);
    expect(rig.entered).toEqual(["ana", "ana"]);
    await rig.cut();
    expect(rig.loop.state).toMatchObject({ kind: "waiting", retryInMs: 250 });
  });

  test("stops on a permanent refusal, and names the user", async () => {
    const rig = await loggedIn();
    rig.fixture.server.accounts.clear();
    await rig.cut();
    await rig.fixture.clock.advance(RECONNECT_MAX_MS);
    expect(rig.next()).toEqual(["waiting", "connecting", "stopped"]);
    expect(rig.loop.state).toMatchObject({ fault: { code: "login-refused" }, user: "ana" });
    expect(rig.dials).toBe(2);
    await rig.fixture.outcome(rig.loop.logIn(BEN));
    expect([rig.next(), rig.dials]).toEqual([["entering", "in"], 2]);
  });

  test("stops permanently after an alarm, even while logged out", async () => {
    const rig = await loggedIn({ reconnects: "always" });
    const alarm = new Fault("log-forked", "two logs");
    await rig.fixture.outcome(rig.loop.logout({}));
    rig.loop.reconnect(alarm, true);
    expect(rig.loop.state).toMatchObject({ kind: "stopped", fault: alarm });
  });

  test("never reconnects if that is disabled", async () => {
    const rig = await lost({ reconnects: "never" });
    expect(rig.states).toMatchObject([{ kind: "stopped", fault: { code: "link-closed" } }]);
    await rig.fixture.clock.advance(RECONNECT_MAX_MS);
    expect(rig.dials).toBe(1);
  });
});

describe("for a user", () => {
  test("makes one attempt and keeps the link for the next one", async () => {
    const rig = new LoopFixture();
    rig.isDead = true;
    expect(await rig.fixture.code(rig.loop.logIn(ANA))).toBe("unreachable");
    expect(rig.states).toMatchObject([{ kind: "entering" }, { kind: "outside" }]);
    expect(rig.loop.state).toMatchObject({ fault: UNREACHABLE });
    await rig.fixture.clock.advance(RECONNECT_MAX_MS);
    expect(rig.dials).toBe(1);
    rig.isDead = false;
    const wrong = { user: "ana", mode: "login", password: "?" } as const;
    expect(await rig.fixture.code(rig.loop.logIn(wrong))).toBe("login-refused");
    expect(await rig.fixture.code(rig.loop.logIn(ANA))).toBe("fine");
    expect(rig.next()).toEqual(["entering", "outside", "entering", "outside", "entering", "in"]);
    expect(rig.dials).toBe(2);
  });

  test("closes the link if the account cannot be stored", async () => {
    const rig = new LoopFixture();
    rig.onEntered = () => {
      throw new Fault("store-full", "no space");
    };
    expect(await rig.fixture.code(rig.loop.logIn(ANA))).toBe("store-full");
    await rig.fixture.clock.advance(0);
    expect([rig.next(), rig.open, rig.lost]).toEqual([["entering", "in", "outside"], 0, 1]);
  });

  test("closes without a request and without reconnecting", async () => {
    const rig = await lost();
    rig.next();
    rig.loop.disconnect();
    await rig.fixture.clock.advance(RECONNECT_MAX_MS);
    expect([rig.next(), rig.dials]).toEqual([["outside"], 1]);
    await rig.in();
    const { length } = rig.fixture.server.requests;
    rig.loop.disconnect();
    await rig.fixture.clock.advance(RECONNECT_MAX_MS);
    expect(rig.next()).toEqual(["outside"]);
    expect([rig.fixture.server.requests.length, rig.open]).toEqual([length, 0]);
  });

  test("cancels a log-in when it is closed", async () => {
    const rig = new LoopFixture();
    const entering = rig.fixture.code(rig.loop.logIn(ANA));
    rig.fixture.server.misbehaviour.onRequest = () => {
      rig.loop.disconnect();
      return undefined;
    };
    expect(await entering).toBe("link-closed");
    expect([rig.next(), rig.entered]).toEqual([["entering", "outside"], []]);
  });

  test("keeps the link on log-out, and stays logged in if the server refuses", async () => {
    const rig = await loggedIn();
    rig.fixture.server.misbehaviour.onRequest = () => new Fault("last-credential", "no");
    expect(await rig.fixture.code(rig.loop.logout({ forget: true }))).toBe("last-credential");
    expect(rig.loop.state.kind).toBe("in");
    rig.fixture.server.misbehaviour = {};
    await rig.fixture.outcome(rig.loop.logout({ forget: true }));
    expect(rig.next()).toEqual(["outside"]);
    await rig.in(BEN);
    expect([rig.dials, rig.open]).toEqual([1, 1]);
    await rig.cut();
    await rig.fixture.clock.advance(250);
    expect(rig.entered).toEqual(["ana", "ben", "ben"]);
  });
});

describe("an owner", () => {
  test("that does not trust the server sends nothing", async () => {
    const changed = new Fault("fingerprint-changed", "another one");
    const greeted = () => Promise.reject(changed);
    const rig = new LoopFixture({}, { greeted });
    rig.loop.start(ANA);
    await rig.fixture.clock.advance(RECONNECT_MAX_MS);
    expect(rig.states).toMatchObject([{ kind: "connecting" }, { kind: "stopped", fault: changed }]);
    expect([rig.fixture.server.requests, rig.open]).toEqual([[], 0]);
  });

  test.each(["dialling", "logging in", "waiting", "in"])("that closes while %s", async (when) => {
    const rig = new LoopFixture();
    const { fixture, loop } = rig;
    const release = Promise.withResolvers<void>();
    if (when === "dialling") rig.held = release.promise;
    if (when === "logging in") fixture.server.misbehaviour.onRequest = () => "silent";
    const entered = fixture.code(loop.logIn(ANA));
    await fixture.clock.advance(0);
    if (when === "waiting") await rig.cut();
    rig.next();
    const closed = fixture.outcome(loop.close(notConnected()));
    release.resolve();
    await closed;
    await fixture.clock.advance(RECONNECT_MAX_MS);
    expect(rig.next()).toEqual([]);
    expect(loop.state.kind).toBe("closed");
    expect([rig.open, rig.dials]).toEqual([0, 1]);
    expect(await entered).toBe(when === "waiting" || when === "in" ? "fine" : "link-closed");
    expect(await fixture.code(loop.logIn(ANA))).toBe("link-closed");
  });
});

test("opens a single link and never hangs for any order of events", () => {
  const deeds: Readonly<Record<string, (rig: LoopFixture) => unknown>> = {
    cut: (rig) => rig.fixture.network.cut(),
    down: (rig) => {
      rig.isDead = true;
    },
    up: (rig) => {
      rig.isDead = false;
    },
    begin: (rig) => rig.loop.start(ANA),
    enter: (rig) => rig.loop.logIn(ANA),
    other: (rig) => rig.loop.logIn(BEN),
    open: (rig) => rig.loop.open(),
    logout: (rig) => rig.loop.logout({}),
    leave: (rig) => rig.loop.disconnect(),
    now: (rig) => rig.loop.reconnectNow(),
    slow: ({ fixture }) => {
      fixture.server.misbehaviour.onRequest = () => "silent";
    },
    quick: ({ fixture }) => {
      fixture.server.misbehaviour = {};
    },
  };
  const moments = fc.array(
    fc.tuple(fc.constantFrom(...Object.keys(deeds)), fc.constantFrom(0, 1, 300, 70_000)),
    { maxLength: 30 },
  );
  return fc.assert(
    fc.asyncProperty(moments, fc.constantFrom(...RECONNECTS), async (script, reconnects) => {
      const rig = new LoopFixture({ reconnects });
      const { clock } = rig.fixture;
      const looksFine = () => {
        expect(rig.open).toBeLessThanOrEqual(1);
        if (rig.loop.state.kind === "waiting") expect(rig.loop.connection).toBeUndefined();
        if (rig.loop.state.kind === "in") expect(rig.loop.connection?.isClosed).toBe(false);
      };
      for (const [deed, ms] of script) {
        const done = deeds[deed]?.(rig);
        if (done instanceof Promise) done.catch(() => undefined);
        await clock.advance(ms);
        looksFine();
      }
      rig.isDead = false;
      rig.fixture.server.misbehaviour = {};
      rig.fixture.network.cut();
      await clock.advance(4 * RECONNECT_MAX_MS);
      looksFine();
      expect(["in", "outside", "stopped"]).toContain(rig.loop.state.kind);
    }),
    { numRuns: sampleSize(100, 500) },
  );
});
