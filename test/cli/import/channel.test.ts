import { expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { type ExportChannel, selectChannel } from "../../../src/cli/import/channel.ts";
import { faultFrom } from "../../commands/fake-world.ts";

const select = (channels: readonly ExportChannel[], channel: string) =>
  selectChannel(channels, { channel, isChannelGiven: true });
const refusal = async (channels: readonly ExportChannel[], channel: string): Promise<Fault> =>
  faultFrom(() => select(channels, channel));

const ONE_TEAM = [
  { name: "general", team: "lab", group: "Text", aliases: ["C1"] },
  { name: "random", team: "lab", aliases: ["C2"] },
];
const TWO_TEAMS = [
  { name: "town", team: "hr" },
  { name: "town", team: "lab" },
  { name: "optics", team: "lab", group: "Text" },
  { name: "@ana,@ben" },
];

test.each([
  "general",
  "General",
  "Text/general",
  "lab/general",
  "lab/Text/general",
  "C1",
  "lab/c1",
])("finds a channel as %s", (wanted) => {
  expect(select(ONE_TEAM, wanted)).toMatchObject({ name: "general" });
});

test("lists the channels if none has the name", async () => {
  const { code, message } = await refusal(ONE_TEAM, "lobby");
  expect(code).toBe("not-found");
  expect(message).toBe("no channel 'lobby' in the export; channels: general, random");
  expect((await refusal([], "lobby")).message).toContain("channels: none");
  const many = Array.from({ length: 21 }, (_, i) => ({ name: `room${10 + i}` }));
  expect((await refusal(many, "lobby")).message).toEndWith("room29 and 1 more");
});

test("requires the team if the export has several", async () => {
  const { code, message, remedy } = await refusal(TWO_TEAMS, "town");
  expect(code).toBe("usage");
  expect(message).toBe("the export has 2 teams: hr/town, lab/town");
  expect(remedy).toContain("--channel 'hr/town'");
  expect((await refusal(TWO_TEAMS, "optics")).message).toContain("lab/optics");
  expect((await refusal(TWO_TEAMS, "Text/optics")).code).toBe("usage");
  expect(select(TWO_TEAMS, "LAB/town")).toMatchObject({ team: "lab" });
  expect(select(TWO_TEAMS, "lab/Text/optics")).toMatchObject({ name: "optics" });
  expect(select(TWO_TEAMS, "@ana,@ben")).toMatchObject({ name: "@ana,@ben" });
});

test("prefers the same letters, then the same characters, then another case", async () => {
  const composed = { name: "zuf\u00e4llig", aliases: ["C1"] };
  const decomposed = { name: "zufa\u0308llig", aliases: ["C2"] };
  expect(select([decomposed], composed.name)).toBe(decomposed);
  expect(select([composed, decomposed], decomposed.name)).toBe(decomposed);
  const { message } = await refusal([composed, decomposed], "ZUF\u00c4LLIG");
  expect(message).toBe("the export has several channels named 'ZUF\u00c4LLIG': C1, C2");
  const cases = [{ name: "General" }, { name: "general" }];
  expect(select(cases, "general")).toEqual({ name: "general" });
  expect((await refusal(cases, "GENERAL")).message).toEndWith("General, general");
});
