import { expect } from "bun:test";
import type { Json } from "../e2e/program.ts";
import { until } from "../event.ts";
import { windowedChromiumPath } from "../installed.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import { Spoken } from "./spoken.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer({}, sharedBrowser([], windowedChromiumPath));

type Content = string | Buffer;

async function send(files: Readonly<Record<string, Content>>, ...more: string[]): Promise<Json[]> {
  const paths = Object.keys(files).map((name) => server.sandbox.path(name));
  const contents = Object.values(files);
  await Promise.all(paths.map((path, i) => Bun.write(path, contents[i] ?? "")));
  return server.home("ben").json(["send-file", ...paths, ...more]);
}

const inRoom = ({ page }: Visit) => page.locator("article img");

pageTest("shows pictures in the room; the viewer switches between them", async () => {
  const shots = { "a.png": photo(200, 150), "b.png": photo(260, 150), "c.png": photo(320, 150) };
  await send(shots, "--caption", "from the roof");
  const ana = await server.window("ana");
  await ana.waitForMessage("from the roof");
  expect(await ana.message("from the roof").count()).toBe(1);
  await until("all three are drawn", async () => (await inRoom(ana).count()) === 3);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.button("Enlarge a.png").click();
  await ana.dialog("a.png").getByText("1 of 3").waitFor();
  await ana.dialog("a.png").getByText("from the roof").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.page.keyboard.press("ArrowRight");
  const shown = ana.dialog("b.png").getByRole("img");
  await shown.waitFor();
  const width = async () => (await shown.boundingBox())?.width ?? 0;
  await until("it is drawn", async () => (await width()) === 260);
  await ana.page.keyboard.press("+");
  await until("it is twice as large", async () => (await width()) === 520);
  await ana.page.keyboard.press("0");
  await until("it is as before", async () => (await width()) === 260);
  await ana.page.keyboard.press("ArrowRight");
  await ana.dialog("c.png").getByText("3 of 3").waitFor();
  await ana.page.keyboard.press("ArrowRight");
  await ana.page.keyboard.press("ArrowLeft");
  await ana.dialog("b.png").getByText("2 of 3").waitFor();
  await ana.dialog("b.png").getByRole("heading", { name: "ben" }).waitFor();
  await ana.dialog("b.png").getByRole("button", { name: "Reply" }).click();
  await ana.page.locator("dialog").waitFor({ state: "detached" });
  await ana.page.getByText("Replying to ben").waitFor();
  await ana.page.locator(".composer textarea:focus").waitFor();
  await ana.page.keyboard.press("Escape");
});

pageTest("hides pictures in a room, on a device, and where data is saved", async () => {
  const ana = await server.window("ana");
  await inRoom(ana).first().waitFor();
  const here = async (entry: string) => {
    await ana.button("Actions for lobby").click();
    await ana.menuItem(entry).click();
  };
  await here("Hide images here");
  await until("none is visible", async () => (await inRoom(ana).count()) === 0);
  await ana.reload();
  await ana.file("a.png").getByRole("button", { name: "Show preview" }).click();
  await until("one is visible", async () => (await inRoom(ana).count()) === 1);
  await here("Show images here");
  await until("all are visible", async () => (await inRoom(ana).count()) === 3);
  const before = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });";
  await using cid = await server.logIn("cid", { initScript: before });
  const preview = cid.file("a.png").getByRole("button", { name: "Show preview" });
  await preview.waitFor();
  expect(await inRoom(cid).count()).toBe(0);
  await preview.click();
  await inRoom(cid).first().waitFor();
});

pageTest("deletes one photo of a message from its tile, for everyone", async () => {
  const ana = await server.window("ana");
  const ben = await server.window("ben", { password: "xxxxxxxx" });
  const tile = ben.file("b.png");
  await tile.hover();
  await tile.getByRole("button", { name: "Actions for b.png" }).click();
  await ben.menuItem("Delete this photo").click();
  const question = ben.dialog(/^Delete b.png/);
  await question.getByRole("img").waitFor();
  await ana.button("Enlarge b.png").click();
  await ana.dialog("b.png").waitFor();
  const spoken = await Spoken.of(ana);
  await question.getByRole("button", { name: "Delete" }).click();
  await ana.page.locator("dialog").waitFor({ state: "detached" });
  await spoken.waitFor("b.png was deleted");
  for (const { page } of [ana, ben]) {
    await page.locator("article").getByText("b.png was deleted").waitFor();
    await page.locator("article").getByText("from the roof").waitFor();
    await until("two are drawn", async () => (await page.locator("article img").count()) === 2);
  }
  expect(
    await ana
      .file("a.png")
      .getByRole("button", { name: /Actions/ })
      .count(),
  ).toBe(1);
  await ana.reload();
  await ana.page.locator("article").getByText("b.png was deleted").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
});

const SCRIPT = "<script>top.document.title = 'taken'; alert(1)</script>";

pageTest("runs no content of a file, whatever its name", async () => {
  const names = ["page.pdf", "trap.mp4", "trap.wav"];
  await send(Object.fromEntries(names.map((name) => [name, `<!doctype html>${SCRIPT}`])));
  const ana = await server.window("ana");
  const opens: string[] = [];
  ana.context.on("request", (request) => {
    if (/\/files\/[^/]+\?view$/.test(request.url())) opens.push(request.url());
  });
  let document = "";
  for (const name of names) {
    await ana.button(`Open ${name}`).click();
    if (name.endsWith(".pdf")) {
      // The message itself asks for the start of a film or sound.
      const before = opens.length;
      const question = ana.dialog(`Open ${name}?`);
      await question.getByRole("button", { name: "Open", exact: true }).click();
      await until(`${name} is asked for`, async () => opens.length > before);
      document = opens.at(-1) ?? "";
    }
    await ana.dialog(name).getByRole("button", { name: "Close" }).click();
  }
  const told = await ana.page.evaluate<string[]>(`fetch("${document}").then(({ headers }) =>
    ["content-type", "content-security-policy", "x-content-type-options"].map((name) =>
      headers.get(name)))`);
  expect(told).toEqual([
    "application/pdf",
    "sandbox; default-src 'none'; frame-ancestors 'self'",
    "nosniff",
  ]);
  const alone = await ana.context.newPage();
  await alone.goto(document).catch(() => undefined); // Browsers may save the file instead.
  expect(await ana.page.title()).not.toContain("taken");
  expect(await alone.title()).not.toContain("taken");
});

pageTest("opens a text file after a confirmation, and runs nothing in it", async () => {
  const ana = await server.window("ana");
  const text = "<script>alert(1)</script>\n<b>plain</b>\n\tall:\n";
  const notes = server.sandbox.write("notes.txt", text);
  await server.home("ben").json(["send-file", notes, "--to", "lobby"]);
  const card = ana.file("notes.txt");
  await card.getByRole("button", { name: "Open notes.txt" }).click();
  const question = ana.dialog("Open notes.txt?");
  await question.getByText(/sent by ben/).waitFor();
  expect(await ana.page.locator("pre").count()).toBe(0);
  await question.getByRole("button", { name: "Cancel" }).click();
  await question.waitFor({ state: "detached" });
  await card.getByRole("button", { name: "Open notes.txt" }).click();
  await question.getByRole("button", { name: "Open", exact: true }).click();
  const shown = ana.dialog("notes.txt").locator("pre");
  await shown.waitFor();
  expect(await shown.textContent()).toBe(text);
});
