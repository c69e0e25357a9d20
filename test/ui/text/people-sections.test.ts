import { expect, test } from "bun:test";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { peopleSections } from "../../../src/ui/text/people-sections.ts";

const member = (name: string, role = "member", isOnline = false) => ({ name, role, isOnline });
const PEOPLE = [
  member("ana", "moderator"),
  member("ben", "member", true),
  member("cy"),
  member("dan"),
  member("eve"),
];

test("counts everyone in a section of whom only the first are listed", () => {
  const sections = (isConnected: boolean, max: number) =>
    peopleSections(PEOPLE, isConnected, ENGLISH, max).map(({ title, count, people }) => {
      return `${title} ${count}: ${people.map(({ name }) => name).join(" ")}`;
    });
  const { leads, onlinePeople, offlinePeople, people } = ENGLISH;
  expect(sections(true, 3)).toEqual([
    `${leads} 1: ana`,
    `${onlinePeople} 1: ben`,
    `${offlinePeople} 3: cy`,
  ]);
  expect(sections(false, 9)).toEqual([`${leads} 1: ana`, `${people} 4: ben cy dan eve`]);
});
