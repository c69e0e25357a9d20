import { expect, test } from "bun:test";
import { Sites } from "./sites.ts";

const TOKEN = "the token of the data folder";

test("what an operator tells everybody, all servers tell, until it is taken back", async () => {
  const sites = await Sites.open(3, { operatorToken: TOKEN });
  const [here, there, far] = [sites.site(0), sites.site(1), sites.site(2)];
  const [olga, ben] = [await here.member("olga"), await there.member("ben")];
  await olga.ask("operate", { token: TOKEN });
  await olga.ask("announce", { text: "we move at noon" });
  await here.quiet();
  const cleo = await far.member("cleo");
  await far.quiet();
  const [first] = olga.all("announced");
  expect(first).toMatchObject({ text: "we move at noon", by: "olga" });
  // The same moment everywhere: whoever has put it away at one server has done so at all.
  for (const guest of [olga, ben, cleo])
    expect(guest.all("announced")).toMatchObject([{ ...first }]);
  await ben.ask("operate", { token: TOKEN });
  await ben.ask("announce", { text: "" });
  await there.quiet();
  for (const guest of [olga, ben, cleo]) {
    expect(guest.all("announced").at(-1)).toMatchObject({ text: "", by: "ben" });
  }
  expect((await here.member("dan")).all("announced")).toEqual([]);
  await sites.stop();
});
