import { expect, test } from "bun:test";
import { until } from "../../event.ts";
import { Site } from "../../server/site.ts";
import { INTERFACES } from "../../ui/parity/interfaces.ts";

test.each(["line mode", "full screen"] as const)(
  "steers the walls of a room in %s",
  async (name) => {
    const site = await Site.open();
    const ben = await site.member("ben");
    const ana = await INTERFACES[name]?.(site);
    if (ana === undefined) return expect.unreachable();
    const wall = (room: string) => site.rooms.find(room as never)?.wall;
    expect(await ana.type("/join math")).toBe("done");
    const codes: Record<string, string> = {};
    const lines = {
      "/wall on": "done",
      "/wall names none": "done",
      "/wall line Page 34": "done",
      "/wall timer 10m": "done",
      "/wall": "usage",
      "/wall on now": "usage",
      "/wall names all": "usage",
      "/wall timer": "usage",
      "/wall timer soon": "usage",
    };
    for (const line of Object.keys(lines)) codes[line] = await ana.type(line);
    expect(codes).toEqual(lines);
    expect(wall("math")).toMatchObject({ names: "none", line: "Page 34", lengthMs: 600_000 });
    expect(wall("math")?.until).toBeGreaterThan(site.clock.unixMs());
    expect(await ana.type("/wall timer off")).toBe("done");
    expect(await ana.type("/wall line")).toBe("done");
    expect(wall("math")).toEqual({ scene: "lesson", names: "none" });
    // A stand-up: everybody who is here speaks, one after the other.
    await site.wait(ben.request("join", { room: "math" }));
    const turn = () => [wall("math")?.round?.length, wall("math")?.turn];
    expect(await ana.type("/wall round next")).toBe("usage");
    await until("both are in the round", async () => {
      await ana.type("/wall round 90s");
      return turn()[0] === 2;
    });
    expect(turn()).toEqual([2, 0]);
    expect(await ana.type("/wall round next")).toBe("done");
    expect(await ana.type("/wall round back")).toBe("done");
    expect(turn()).toEqual([2, 0]);
    expect(await ana.type("/wall round next")).toBe("done");
    expect(turn()).toEqual([2, 1]);
    expect(wall("math")?.lengthMs).toBe(90_000);
    expect(await ana.type("/wall round next")).toBe("done");
    expect(wall("math")).toEqual({ scene: "lesson", names: "none" });
    expect(await ana.type("/wall off")).toBe("done");
    expect(wall("math")).toBeUndefined();
    // Only moderators show a room.
    await site.wait(ben.request("join", { room: "poem", create: true }));
    expect(await ana.type("/join poem")).toBe("done");
    expect(await ana.type("/wall line mine")).toBe("not-allowed");
    expect(wall("poem")).toBeUndefined();
    await ana.close();
  },
);
