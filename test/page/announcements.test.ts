import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { Relay } from "../e2e/relay.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { Spoken } from "./spoken.ts";

const server = new PageServer();

pageTest("announces messages once, also the same text, and in an open dialog", async () => {
  const mia = await server.window("mia");
  const ben = await server.headlessUser("ben");
  await mia.waitUntilSent();
  const spoken = await Spoken.of(mia);
  for (const count of [1, 2, 3]) {
    await ben.post("ok");
    await spoken.waitFor("ben: ok", count);
  }
  const dialog = await mia.openSettings();
  await dialog.waitFor();
  await ben.post("are you there?");
  await spoken.waitFor("ben: are you there?");
  await mia.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await mia.createRoom("quiet");
  await ben.post("@mia come here");
  await spoken.waitFor("come here");
  await ben.post("between us", "@mia");
  await spoken.waitFor("between us");
  const all = (await spoken.all()).filter((text) => text.startsWith("ben"));
  expect(all).toEqual([
    ...Array(3).fill("ben: ok"),
    "ben: are you there?",
    "ben in #lobby: @mia come here",
    "ben in @ben: between us",
  ]);
});

pageTest("announces raised hands and files", async () => {
  const dan = await server.window("dan");
  const eve = await server.headlessUser("eve");
  await dan.createRoom("lesson");
  await eve.tab.ask("join", { room: "lesson" });
  await dan.page.getByText("eve joined").waitFor();
  const spoken = await Spoken.of(dan);
  await eve.post("good morning", "lesson");
  await spoken.waitFor("eve: good morning");
  await eve.tab.ask("hand", { room: "lesson", on: true });
  await spoken.waitFor("eve in #lesson: raised a hand");
  await dan.send("/hand");
  await spoken.waitFor("dan in #lesson: raised a hand");
  await dan.send("/hand");
  await spoken.waitFor("dan in #lesson: lowered the hand");
  const path = server.sandbox.path("b.txt");
  writeFileSync(path, "b".repeat(100_000));
  await dan.attach(path);
  await spoken.waitFor("Attached: b.txt");
  await dan.button("Send").click();
  await spoken.waitFor("Sent: b.txt");
});

pageTest("announces the user's own reactions, and their removal", async () => {
  const mia = await server.window("mia");
  const kim = await server.headlessUser("kim");
  await mia.room("lobby").click();
  await kim.post("who brings the cake?");
  await mia.waitForMessage("who brings the cake?");
  const spoken = await Spoken.of(mia);
  await mia.openMenu("who brings the cake?");
  await mia.menuItem("React with 👏").click();
  await spoken.waitFor("Reacted with 👏");
  await mia.message("who brings the cake?").getByRole("button", { name: "👏 1: you" }).click();
  await spoken.waitFor("Reaction removed: 👏");
  await mia.send("/react 👀");
  await spoken.waitFor("Reacted with 👀");
});

pageTest("announces edits, deletions and pins, one by one or only their number", async () => {
  const mia = await server.window("mia");
  const lou = await server.headlessUser("lou");
  await mia.createRoom("changes");
  await lou.tab.ask("join", { room: "changes" });
  const spoken = await Spoken.of(mia);
  const seqs: number[] = [];
  // A message that has not been announced yet is announced as it is then.
  for (const text of ["at nine", "in hall B", "bring paper", "one", "two", "three", "four"]) {
    seqs.push(await lou.post(text, "changes"));
    await spoken.waitFor(`lou: ${text}`);
  }
  await mia.send("my own words");
  await mia.waitUntilSent();
  await lou.tab.ask("edit", { seq: seqs[0] ?? 0, text: "at ten" });
  await spoken.waitFor("lou, edited: at ten");
  await lou.tab.ask("erase", { seq: seqs[1] ?? 0 });
  await spoken.waitFor("lou: Message deleted");
  await mia.send(`/pin ${seqs[2]}`);
  await spoken.waitFor("mia pinned a message: bring paper");
  await mia.send("/edit my better words");
  await spoken.waitFor("edited: my better words");
  await mia.send("/erase");
  await mia
    .dialog(/^Delete this message/)
    .getByRole("button", { name: "Delete" })
    .click();
  await spoken.waitFor("Message deleted", 2);
  await Promise.all(seqs.slice(2).map((seq) => lou.tab.ask("erase", { seq })));
  await spoken.waitFor(" messages edited or deleted");
});

pageTest("announces which room is open, however it was opened", async () => {
  const ivy = await server.window("ivy");
  const jon = await server.headlessUser("jon");
  await jon.tab.ask("join", { room: "harbour", create: true });
  const seq = await jon.post("the ferry leaves at noon", "harbour");
  const spoken = await Spoken.of(ivy);
  await ivy.send("/join harbour");
  await spoken.waitFor("#harbour opened");
  await ivy.createRoom("island");
  await spoken.waitFor("#island opened");
  await jon.post("one", "lobby");
  await jon.post("two", "lobby");
  await ivy.room("lobby").getByText("2", { exact: true }).waitFor();
  await ivy.room("lobby").click();
  await spoken.waitFor("#lobby opened, 2 unread");
  await ivy.page.evaluate(`location.hash = "#/harbour/${seq}"`);
  await spoken.waitFor("#harbour opened", 2);
  await ivy.send("/msg jon");
  await spoken.waitFor("@jon opened");
  await ivy.page.goBack();
  await spoken.waitFor("#harbour opened", 3);
  await ivy.send("/leave");
  await spoken.waitFor("Choose a room.");
  expect((await spoken.all()).filter((text) => text.endsWith(" opened"))).toEqual([
    ...["#harbour opened", "#island opened", "#harbour opened", "@jon opened", "#harbour opened"],
  ]);
});

pageTest("announces events of the room, and results of a poll that ends", async () => {
  const lea = await server.window("lea");
  const max = await server.headlessUser("max");
  await lea.createRoom("events");
  await max.tab.ask("join", { room: "events" });
  await lea.page.getByText("max joined").waitFor();
  const spoken = await Spoken.of(lea);
  await lea.send("/grant max");
  await spoken.waitFor("lea made max a moderator");
  await max.tab.ask("topic", { room: "events", topic: "Rehearsal" });
  await spoken.waitFor("max set the topic: Rehearsal");
  await lea.send("/poll When? | at nine | at ten");
  await lea.message("When?").waitFor();
  await lea.waitUntilSent();
  await lea.send("/vote 2");
  await spoken.waitFor("Your vote was counted.");
  await lea.send("/poll close");
  await spoken.waitFor("Poll closed. When?: at nine 0, at ten 1");
  await max.tab.ask("rules", { room: "events", slow: 60 });
  await spoken.waitFor("max set slow mode to 60 seconds");
});

pageTest("announces the outcome of commands that change nothing in the room", async () => {
  const noa = await server.window("noa");
  const oli = await server.headlessUser("oli");
  const seq = await oli.post("keep this");
  await noa.waitForMessage("keep this");
  const spoken = await Spoken.of(noa);
  const outcomes: readonly (readonly [line: string, text: string])[] = [
    [`/save ${seq}`, "Saved for later"],
    [`/unsave ${seq}`, "Removed from saved messages"],
    [`/follow ${seq}`, "You follow this thread."],
    ["/ignore oli", "You're ignoring oli."],
    ["/unignore oli", "You're no longer ignoring oli."],
    ["/keywords bus, rain", "Keywords: bus, rain"],
    ["/keywords off", "You have no keywords."],
    ["/status at lunch", "Changed"],
    ["/verify noa", "'noa' is your own account."],
    ["/notify all nowhere", "No room named 'nowhere'."],
  ];
  for (const [line, text] of outcomes) {
    await noa.send(line);
    await spoken.waitFor(text);
  }
});

pageTest("announces as much as the user chose", async () => {
  await using fay = await server.logIn("fay");
  const gus = await server.headlessUser("gus");
  const settings = await fay.openSettings();
  await settings.getByLabel("Read aloud by a screen reader").selectOption("mine");
  await fay.page.keyboard.press("Escape");
  const spoken = await Spoken.of(fay);
  await gus.post("to nobody");
  await gus.post("to @fay");
  await spoken.waitFor("gus: to @fay");
  expect((await spoken.all()).join()).not.toContain("to nobody");
});

pageTest("announces once that the connection is lost, and once that it is back", async () => {
  await using relay = await Relay.open(server.served.port);
  await using hal = await server.logIn("hal", { via: relay });
  const spoken = await Spoken.of(hal);
  relay.cut();
  await spoken.waitFor("The connection was lost.!");
  for (let attempt = 0; attempt < 3; attempt++) {
    await hal.button("Retry now").click();
    await hal.page.getByText(/^Can't reach the server/).waitFor();
  }
  relay.mend();
  await hal.waitUntilConnected();
  await spoken.waitFor("Connected again.");
  expect(await spoken.all()).toEqual(["The connection was lost.!", "Connected again."]);
});
