import { expect } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { DISPLAY_NAME_CHANGES_PER_DAY } from "../../../src/base/limits.ts";
import { labTest, operating } from "../site-lab.ts";

labTest("members learn of display names and their changes", async (context) => {
  const { site, ana, ben } = context;
  expect(await ana.request("display-name", { text: "  Ana  Rui\u0301z " })).toEqual({
    text: "Ana Ruíz",
  });
  await site.quiet();
  const notice = { kind: "display-name", user: "ana", text: "Ana Ruíz" } as const;
  expect(ben.all("display-name")).toEqual([notice]);
  expect(ana.all("display-name")).toEqual([notice]);
  const users = ["ANA", "ben", "nobody", "?"];
  const { names } = await ben.request("display-names", { users });
  expect(names).toEqual([{ user: "ANA", text: "Ana Ruíz" }]);
  expect((await ben.request("whois", { user: "ana" })).displayName).toBe("Ana Ruíz");
  await site.restart();
  const again = await site.again(ben, "ben");
  const { users: listed } = await again.request("who", {});
  expect(listed.map(({ user, displayName }) => [user, displayName])).toContainEqual([
    "ana",
    "Ana Ruíz",
  ]);
});

labTest("nobody takes the name of another person", async ({ ana, ben }) => {
  await ana.request("display-name", { text: "Ana Ruíz" });
  expect(await ben.refusal("display-name", { text: "ANA RU1Z" })).toBe("name-taken");
  expect(await ben.refusal("display-name", { text: "ana" })).toBe("name-taken");
  expect(await ben.refusal("display-name", { text: "Bеn" })).toBe("name-invalid");
  expect(await ben.refusal("display-name", { text: "Operator" })).toBe("name-invalid");
  expect(await ben.refusal("display-name", { text: "x\u202ey" })).toBe("name-invalid");
});

labTest("only operators take or give a title", async ({ ana, ben, eve }) => {
  for (const text of ["Administrator", "The Operator", "SYSTEM", "Sistem", "Chat server"])
    expect(await ben.refusal("display-name", { text })).toBe("name-invalid");
  await operating(eve);
  await eve.request("display-name", { text: "Administrator" });
  await eve.request("display-name", { user: "ana", text: "System" });
  expect(await ana.request("display-name", { text: "System" })).toEqual({ text: "System" });
});

labTest("of two people who take a name at once, one gets it", async ({ ana, ben, site }) => {
  const outcomes = await Promise.allSettled([
    ana.request("display-name", { text: "Cléo" }),
    ben.request("display-name", { text: "cleo" }),
  ]);
  const [lost, ...others] = outcomes.filter(({ status }) => status === "rejected");
  expect([lost, others]).toEqual([
    { status: "rejected", reason: expect.objectContaining({ code: "name-taken" }) },
    [],
  ]);
  await site.quiet();
  expect(ana.all("display-name")).toHaveLength(1);
});

labTest("only operators name another user", async ({ ben, eve }) => {
  const change = { user: "ana", text: "Ana Ruíz" };
  expect(await ben.refusal("display-name", change)).toBe("not-allowed");
  await operating(eve);
  expect(await eve.request("display-name", change)).toEqual({ text: "Ana Ruíz" });
  const { events } = await eve.request("decisions", {});
  expect(events.at(-1)).toMatchObject({ decision: "display-name", by: "eve", whom: "ana" });
  const { accounts } = await eve.request("accounts", {});
  expect(accounts.find(({ user }) => user === "ana")?.displayName).toBe("Ana Ruíz");
  await eve.request("rename", { user: "ana", to: "anna" });
  expect(ben.all("display-name").at(-1)).toEqual({
    kind: "display-name",
    user: "anna",
    text: "Ana Ruíz",
  });
  await eve.request("remove", { user: "anna" });
  expect(ben.all("display-name").at(-1)).toEqual({ kind: "display-name", user: "anna", text: "" });
  expect(await ben.request("display-name", { text: "Ana Ruíz" })).toEqual({ text: "Ana Ruíz" });
});

labTest("limits a user's own changes in a day", async ({ ana, eve }) => {
  for (let i = 0; i < DISPLAY_NAME_CHANGES_PER_DAY; i++)
    await ana.request("display-name", { text: `Ana ${i + 2}` });
  expect(await ana.refusal("display-name", { text: "Ana Ruíz" })).toBe("too-many");
  await operating(eve);
  await eve.request("display-name", { user: "ana", text: "Ana Ruíz" });
});

labTest("a display name finds its account after the right password", async ({ site, ana, eve }) => {
  await operating(eve);
  await ana.request("passwd", { password: "of ana xx" });
  await eve.request("display-name", { user: "ana", text: "Ana Ruíz" });
  const enter = async (user: string, displayName: string | undefined, password: string) => {
    const guest = await site.greeted("10.7.0.1");
    const typed = displayName === undefined ? {} : { displayName };
    const login = { ...guest.passwordLogin(user, password), ...typed };
    try {
      return (await guest.request("login", login)).user;
    } catch (error) {
      return (error as Fault).code;
    }
  };
  expect(await enter("Ana-Ruiz", "ana ru\u0069\u0301z", "of ana xx")).toBe("ana");
  expect(await enter("Ana-Ruiz", "Ana Ruíz", "of ana yy")).toBe("login-refused");
  expect(await enter("Ana-Ruiz", "Аna Ruíz", "of ana xx")).toBe("login-refused");
  expect(await enter("Ana-Ruiz", undefined, "of ana xx")).toBe("login-refused");
  await eve.request("display-name", { user: "ana", text: "Ruíz" });
  await eve.request("display-name", { user: "ben", text: "Siti" });
  expect(await enter("Ruiz", "Ruíz", "of ana xx")).toBe("ana");
  await eve.request("display-name", { user: "ana", text: "Mawar" });
  expect(await enter("mawar", undefined, "of ana xx")).toBe("ana");
  expect(await enter("siti", undefined, "of ana xx")).toBe("login-refused");
});
