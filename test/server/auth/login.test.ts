import { describe, expect, test } from "bun:test";
import { ID_BYTES, userId } from "../../../src/base/ids.ts";
import {
  HELLO_WITHIN_MS,
  LOGIN_WITHIN_MS,
  SESSIONS_PER_ACCOUNT_MAX,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { unpackValue } from "../../../src/wire/codec.ts";
import { makeDeviceProof } from "../../crypto/device-proof.ts";
import { type Guest, newKeys } from "../guest.ts";
import { Site } from "../site.ts";

describe("the greeting", () => {
  test("is signed for this very link and says what is needed", async () => {
    const site = await Site.open({ roomPassword: "secret", welcome: "Be kind." });
    const guest = await site.connect();
    const welcome = await guest.greet([7, 1]);
    expect(guest.isProven).toBe(true);
    expect(welcome).toMatchObject({ version: 1, needs: "password", text: "Be kind." });
    expect(welcome.certificate).toEqual(guest.link.certificateHash);
    expect(welcome.limits).toEqual({ messageBytes: 1_052_672, textBytes: 65_536 });
    const other = await site.greeted();
    expect(other.welcome?.nonce).not.toEqual(welcome.nonce);
    guest.welcome = other.welcome; // Said on another link it proves nothing.
    expect(guest.isProven).toBe(false);
    guest.welcome = welcome;
    guest.nonce.fill(1); // Nor for another question.
    expect(guest.isProven).toBe(false);
  });

  test("without a version that both speak it ends", async () => {
    const site = await Site.open();
    const guest = await site.connect();
    guest.greet([3, 4]).catch(() => undefined);
    const { fault } = await guest.untilEnded();
    expect(fault?.code).toBe("version-unsupported");
    expect(site.server.clientCount).toBe(0);
  });

  test("whoever says nothing, or does not log in, is shown out in time", async () => {
    const site = await Site.open();
    const silent = await site.connect();
    const lingering = await site.greeted();
    await site.time.advance(HELLO_WITHIN_MS + 2_000);
    expect(silent.ended?.fault?.code).toBe("timeout");
    expect(lingering.ended).toBeUndefined();
    for (let i = 0; i < LOGIN_WITHIN_MS / 10_000; i++) {
      lingering.raw(Uint8Array.fromHex("81a46b696e64a470696e67")); // A ping: it is alive.
      await site.time.advance(10_000);
    }
    expect(lingering.ended?.fault?.code).toBe("timeout");
  });
});

describe("the room password", () => {
  test("is asked before registering, once for each link", async () => {
    const site = await Site.open({ roomPassword: "secret" });
    const guest = await site.greeted();
    const early = await guest.refused("register", guest.registration("ana"));
    expect(early.code).toBe("room-password-wrong");
    expect((await guest.refused("admit", { secret: "wrong" })).code).toBe("room-password-wrong");
    await guest.ask("admit", { secret: "secret" });
    const answer = await guest.ask("register", guest.registration("ana"));
    expect(answer.user).toBe("ana");
  });

  test("a known account logs in without it", async () => {
    const site = await Site.open({ roomPassword: "secret" });
    const ana = await site.member("ana");
    const again = await site.again(ana, "ana");
    expect(again.all("caught-up")).toHaveLength(1);
  });

  test("three wrong ones in a row close the link; right ones in between do not count", async () => {
    const site = await Site.open({ roomPassword: "secret" });
    const guest = await site.greeted();
    for (const secret of ["a", "b", "secret", "c", "d"]) {
      await guest.ask("admit", { secret }).catch(() => undefined);
    }
    expect(guest.ended).toBeUndefined();
    expect((await guest.refused("admit", { secret: "e" })).code).toBe("room-password-wrong");
    expect((await guest.untilEnded()).fault?.code).toBe("room-password-wrong");
    expect((await site.greeted()).ended).toBeUndefined();
  });

  test("an open server asks for nothing", async () => {
    const site = await Site.open();
    const guest = await site.greeted();
    expect(guest.welcome?.needs).toBe("open");
    await guest.ask("register", guest.registration("ana"));
  });
});

describe("registering", () => {
  test("a name has one owner, whatever its case, also when two want it at once", async () => {
    const site = await Site.open();
    const [one, two] = [await site.greeted(), await site.greeted()];
    const results = await Promise.allSettled([
      one.send("register", one.registration("Ana")),
      site.wait(two.send("register", two.registration("aNA"))),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((await two.refused("register", two.registration("ANA"))).code).toBe("name-taken");
    await two.ask("register", two.registration("ben")); // The same link may try another one.
  });

  test.each(["", "a b", "42", "x".repeat(33), "äna", "@ana", "../x"])(
    "'%s' is no name",
    async (name) => {
      const site = await Site.open();
      const guest = await site.greeted();
      const registration = { ...guest.registration("ana"), user: name };
      expect((await guest.refused("register", registration)).code).toBe("name-invalid");
      expect(guest.ended).toBeUndefined();
    },
  );

  test("a name cut in the middle of a character is quoted so that it can be read", async () => {
    const site = await Site.open();
    const guest = await site.greeted();
    const registration = { ...guest.registration("ana"), user: `${"x".repeat(39)}😀` };
    expect((await guest.refused("register", registration)).code).toBe("name-invalid");
    expect(guest.ended).toBeUndefined();
  });

  test("the device's certificate must fit the name, the server and both keys", async () => {
    const site = await Site.open();
    const guest = await site.greeted();
    const good = guest.registration("ana");
    const other = newKeys();
    const flipped = good.deviceCert.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
    for (const wrong of [
      { user: "Ana" },
      { deviceKey: other.device.publicKey },
      { accountKey: other.account.publicKey },
      { deviceCert: flipped },
      { deviceCert: new Uint8Array(0) },
    ]) {
      const fault = await guest.refused("register", { ...good, ...wrong });
      expect(fault.code).toBe("frame-malformed");
    }
    await guest.ask("register", good);
  });

  test("the password is on the disk before the account that it is for", async () => {
    const site = await Site.open();
    await site.member("ana", "pass");
    const kinds: string[] = [];
    for await (const { head } of site.accounts.read(1)) kinds.push(head.kind);
    expect(kinds).toEqual(["password", "account"]); // Cut off in between, nobody is without one.
  });

  test("an empty password is none, and the name stays free", async () => {
    const site = await Site.open();
    const guest = await site.greeted();
    expect((await guest.refused("register", guest.registration("ana", ""))).code).toBe("usage");
    await guest.ask("register", guest.registration("ana", "x"));
  });

  test("only one at a time on one link: it has one account", async () => {
    const site = await Site.open();
    const guest = await site.greeted();
    const first = guest.send("register", guest.registration("ana"));
    expect((await guest.refused("register", guest.registration("ben"))).code).toBe("too-many");
    expect((await site.wait(first)).user).toBe("ana");
    const twice = await guest.refused("login", guest.signedLogin("ana"));
    expect(twice.code).toBe("already-logged-in");
    guest.hangUp();
    await site.time.advance(0);
    const ben = await site.member("ben");
    const who = await ben.ask("who", {});
    expect(who.users.map(({ user, online }) => [user, online])).toEqual([
      ["ana", false],
      ["ben", true],
    ]);
  });
});

describe("logging in", () => {
  test("by device: only on the link for which it was signed, only for that name", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    await site.member("ben");
    const [one, two] = [await site.greeted("", ana.keys), await site.greeted("", ana.keys)];
    const replayed = { ...two.signedLogin("ana"), signature: one.signedLogin("ana").signature };
    const refusals = [
      await two.refused("login", replayed as never),
      await two.refused("login", two.signedLogin("ben")),
      await two.refused("login", two.signedLogin("nobody")),
      await two.refused("login", { ...two.signedLogin("ana"), user: "Ana" }),
      await two.refused("login", {
        ...two.signedLogin("ana"),
        deviceKey: newKeys().device.publicKey,
      }),
    ];
    expect(refusals.map(({ code }) => code)).toEqual(Array(5).fill("login-refused"));
    expect(new Set(refusals.map(({ message }) => message)).size).toBe(1);
    await two.ask("login", two.signedLogin("ana"));
    await one.ask("login", one.signedLogin("ana"));
  });

  test("what was captured, word for word, opens nothing on another link", async () => {
    const site = await Site.open({ roomPassword: "secret" });
    const ana = await site.member("ana", "pass");
    const coming = await site.connect("10.0.0.2", ana.keys);
    const captured: Uint8Array[] = [];
    const send = coming.link.send.bind(coming.link);
    coming.link.send = (bytes, tail) => {
      captured.push(bytes.slice());
      return send(bytes, tail);
    };
    await coming.greet();
    await coming.ask("login", coming.signedLogin("ana"));
    await coming.until("caught-up");
    const known = site.server.clientCount;
    for (const host of ["10.0.0.2", "10.6.6.6"]) {
      const thief = await site.connect(host);
      const heard: Uint8Array[] = [];
      thief.takes = (bytes) => heard.push(bytes.slice()) > 0;
      for (const bytes of captured) thief.raw(bytes);
      const answers = await site.until("two answers", () => {
        return heard.length >= 2 ? heard.map(unpackValue) : undefined;
      });
      expect(answers).toMatchObject([
        { kind: "welcome" },
        { kind: "fault", code: "login-refused" },
      ]);
      thief.hangUp();
    }
    await site.quiet();
    expect(site.server.clientCount).toBe(known);
  });

  test("a signature for another certificate is worth nothing", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const guest = await site.greeted(undefined, ana.keys);
    const certificateHash = new Uint8Array(32).fill(1);
    const elsewhere = { ...guest.greeting, certificateHash };
    const signature = makeDeviceProof(ana.keys.device, elsewhere, "ana");
    const login = { ...guest.signedLogin("ana"), signature };
    expect((await guest.refused("login", login)).code).toBe("login-refused");
  });

  test("by password: it enrols the device, which then signs", async () => {
    const site = await Site.open();
    await site.member("ana", "pass");
    const laptop = await site.greeted();
    expect((await laptop.refused("login", laptop.signedLogin("ana"))).code).toBe("login-refused");
    await laptop.ask("login", laptop.passwordLogin("aNa", "pass"));
    await site.again(laptop, "ana");
  });

  test("unknown name and wrong password are one answer", async () => {
    const site = await Site.open();
    await site.member("ana", "pass");
    await site.member("ben"); // Without a password.
    const guest = await site.greeted();
    const wrong = await guest.refused("login", guest.passwordLogin("ana", "wrong"));
    const unknown = await guest.refused("login", guest.passwordLogin("nobody", "wrong"));
    const none = await (await site.greeted("10.0.0.9")).refused(
      "login",
      guest.passwordLogin("ben", ""),
    );
    const shown = [wrong, unknown, none].map(({ code, message, remedy }) => [
      code,
      message,
      remedy,
    ]);
    expect(new Set(shown.map(String)).size).toBe(1);
    expect(wrong.code).toBe("login-refused");
    const bare = await guest.refused("login", {
      user: "ana",
      deviceKey: guest.keys.device.publicKey,
    });
    expect(bare.code).toBe("frame-malformed");
  });

  test("sessions of one account, at the bound", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    for (let i = 1; i < SESSIONS_PER_ACCOUNT_MAX; i++) await site.again(ana, "ana");
    const one = await site.greeted(undefined, ana.keys);
    expect((await one.refused("login", one.signedLogin("ana"))).code).toBe("too-many");
    ana.hangUp();
    await site.time.advance(0);
    await one.ask("login", one.signedLogin("ana"));
  });

  test("sessions of one account that come in at once, at the bound", async () => {
    const site = await Site.open();
    site.isTight = true;
    const ana = await site.member("ana");
    const guests: Guest[] = [];
    for (let i = 1; i < SESSIONS_PER_ACCOUNT_MAX + 3; i++) {
      guests.push(await site.greeted(`10.7.0.${i}`, ana.keys));
    }
    const logins = guests.map((guest) => guest.send("login", guest.signedLogin("ana")));
    const outcomes = await site.wait(Promise.allSettled(logins));
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toMatchObject([...Array(3)].map(() => ({ reason: { code: "too-many" } })));
  });
});

describe("logging out", () => {
  test("keeps the link, and another may come in on it", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pass");
    await ana.ask("logout", {});
    expect((await ana.refused("who", {})).code).toBe("not-logged-in");
    await ana.ask("login", ana.signedLogin("ana"));
    await ana.ask("who", {});
    for (let i = 0; i < 50; i++) {
      await ana.ask("logout", {});
      await ana.ask("login", ana.signedLogin("ana"));
    }
    const { users } = await ana.ask("who", { room: "lobby" });
    expect(users).toEqual([{ user: "ana", online: true, role: "member" }]);
  });

  test("for good takes the device away, on all its links", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pass");
    const same = await site.again(ana, "ana");
    await ana.ask("logout", { forget: true });
    expect((await same.untilEnded()).fault?.code).toBe("login-refused");
    expect((await ana.refused("login", ana.signedLogin("ana"))).code).toBe("login-refused");
    await ana.ask("login", ana.passwordLogin("ana", "pass"));
  });

  test("not when nobody could come in again, also when two devices leave at once", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    expect((await ana.refused("logout", { forget: true })).code).toBe("last-credential");
    await ana.ask("passwd", { password: "pass" });
    const phone = await site.greeted();
    await phone.ask("login", phone.passwordLogin("ana", "pass"));
    expect((await phone.refused("passwd", { password: "", current: "pass" })).code).toBe("usage");
    await phone.ask("logout", { forget: true });
    await ana.ask("logout", { forget: true });

    const ben = await site.member("ben");
    const tablet = await site.greeted();
    const account = [...site.registry.all()].find(({ name }) => name === "ben");
    if (account === undefined) throw new Error("ben is unknown");
    const draft = site.registry.deviceDraft(account, tablet.keys.device.publicKey);
    if (draft !== undefined) await site.wait(site.accounts.append(draft));
    await tablet.ask("login", tablet.signedLogin("ben"));
    site.isTight = true;
    const results = await site.wait(
      Promise.allSettled([
        ben.send("logout", { forget: true }),
        tablet.send("logout", { forget: true }),
      ]),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(account.devices.size).toBe(1);
  });
});

test("an account whose registration was cut off enters the lobby when it comes", async () => {
  const site = await Site.open();
  const guest = await site.greeted();
  site.trouble = (call, path) =>
    call === "write" && path.includes("history") ? "ENOSPC" : undefined;
  expect((await guest.refused("register", guest.registration("ana"))).code).toBe("store-full");
  site.trouble = () => undefined;
  expect((await guest.refused("register", guest.registration("ana"))).code).toBe("name-taken");
  await guest.ask("login", guest.signedLogin("ana"));
  expect((await guest.until("room")).name).toBe("lobby");
  await site.wait(guest.say("here"));
});

describe("a reserved name", () => {
  test("is not to be registered, in any case", async () => {
    const site = await Site.open();
    for (const name of ["server", "Operator", "ADMIN", "everyone", "here", "__proto__"]) {
      const guest = await site.greeted();
      const fault = await guest.refused("register", guest.registration(name));
      expect([name, fault.code]).toEqual([name, "name-invalid"]);
      expect(fault.message).toContain("reserved");
    }
    expect(site.registry.size).toBe(0);
  });

  test("goes on working where an older version has let it in", async () => {
    const site = await Site.open();
    const keys = newKeys();
    const old = site.registry.accountDraft(userId(new Uint8Array(ID_BYTES)), {
      name: checkName("Admin"),
      accountKey: keys.account.publicKey,
      deviceKey: keys.device.publicKey,
      deviceCert: new Uint8Array(8),
    });
    await site.wait(site.accounts.append(old));
    await site.restart();
    const admin = await site.greeted(undefined, keys);
    expect((await admin.ask("login", admin.signedLogin("admin"))).user).toBe("Admin");
    const other = await site.greeted();
    expect((await other.refused("register", other.registration("admin"))).code).toBe("name-taken");
    expect((await other.refused("register", other.registration("here"))).code).toBe("name-invalid");
  });
});

test("the current password is needed for another one, and guesses at it are counted", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  await ana.ask("passwd", { password: "first" }); // Signed in by a key alone.
  for (const current of [undefined, "", "guess"]) {
    const fields = { password: "second", ...(current === undefined ? {} : { current }) };
    expect((await ana.refused("passwd", fields)).code).toBe("login-refused");
  }
  await ana.ask("passwd", { password: "second", current: "first" });
  const phone = await site.greeted();
  await phone.ask("login", phone.passwordLogin("ana", "second"));
});
