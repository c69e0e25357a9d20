import { expect, test } from "bun:test";
import { siteWith } from "../server/site.ts";
import { operating, TOKEN } from "../server/site-lab.ts";
import { INTERFACES, type LineMode } from "./parity/interfaces.ts";

test.each(Object.keys(INTERFACES))(
  "%s: only moderators of an operator's room become moderators of a room of its people",
  async (name) => {
    const { site, mallory, teacher } = await siteWith(["mallory", "teacher", "pupil"], {
      operatorToken: TOKEN,
    });
    await mallory.request("join", { room: "class-9", create: true });
    const open = INTERFACES[name] ?? expect.unreachable();
    const ana = await open(site);
    await operating(teacher);
    await teacher.request("grant", { user: "ana", on: true });
    await teacher.request("join", { room: "class", create: true });
    for (const user of ["pupil", "mallory"]) await teacher.request("add", { room: "class", user });
    await teacher.request("grant", { room: "class", user: "pupil", on: true });
    expect(await ana.type("/join class-9")).toBe("done");
    await mallory.request("grant", { room: "class-9", user: "ana", on: true });
    expect(await ana.type("/join class")).toBe("done");
    expect(await ana.type("/join essay")).toBe("done");
    expect(await ana.type("/rules post private")).toBe("done");
    const roles = async () => {
      const { users } = await teacher.request("who", { room: "essay" });
      return Object.fromEntries(users.map(({ user, role }) => [user, role]));
    };
    expect(await ana.type("/invite #class-9")).toBe("done");
    await teacher.request("join", { room: "essay" });
    expect((await roles())["mallory"]).toBe("member");
    expect(await ana.type("/invite #class")).toBe("done");
    expect(await roles()).toEqual({
      ana: "operator",
      mallory: "member",
      pupil: "moderator",
      teacher: "operator",
    });
    await ana.close();
    await site.stop();
  },
);

test.each(Object.keys(INTERFACES))(
  "%s: puts everyone into an assignment after one question, also those who are banned",
  async (name) => {
    const { site, teacher } = await siteWith(["teacher", "p1", "p2", "p3", "p4"], {
      operatorToken: TOKEN,
    });
    const open = INTERFACES[name] ?? expect.unreachable();
    const ana = await open(site);
    await operating(teacher);
    await teacher.request("grant", { user: "ana", on: true });
    expect(await ana.type("/join essay --assignment")).toBe("done");
    await teacher.request("add", { room: "essay", user: "p1" });
    await teacher.request("ban", { user: "p4", on: true });
    const { questions } = ana;
    expect(await ana.type("/invite @everyone")).toBe("done");
    // A script is not asked.
    expect(ana.questions - questions).toBe(name === "line mode" ? 0 : 1);
    await teacher.request("join", { room: "essay" });
    const { users } = await teacher.request("who", { room: "essay" });
    expect(users.map(({ user }) => user)).toEqual(["ana", "p1", "p2", "p3", "p4", "teacher"]);
    if ("output" in ana) {
      const counts = { added: 4, invited: 0, present: 1, skipped: 0 };
      const json = { kind: "put-in", room: "essay", from: "lobby", ...counts };
      expect((ana as LineMode).output.text).toContain(JSON.stringify(json).slice(1, -1));
    }
    await ana.close();
    await site.stop();
  },
);
