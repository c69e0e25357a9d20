import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

/** The steps of `docs/class.md`: a teacher on a laptop and three pupils on phones. */

const server = new PageServer();
const PICTURES = process.env["CLASS_PICTURES"];
const LIST = "name,display name,rooms,role\nayu,Ayu Lestari,math,\nbudi,,math,\n,Cici Ayu,math,\n";

async function picture({ page }: Visit, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

async function pupil(name: string): Promise<Visit> {
  const admin = server.sandbox.home("admin");
  const [reset] = await admin.json(["admin", "reset", name, "--data", server.served.data]);
  const link = String(reset?.["web"]).replace(
    /^https:\/\/[^/]+\//,
    server.address.split("#")[0] ?? "",
  );
  const phone = await server.visit({ link, width: 390, height: 844, isPhone: true });
  await phone.field("New password").fill("kata sandi saya");
  await phone.field("Repeat new password").fill("kata sandi saya");
  await phone.button("Set password and sign in").click();
  await phone.composer.waitFor({ state: "attached" });
  return phone;
}

pageTest("the teacher's first quarter of an hour, on the page", async () => {
  const teacher = await server.visit({ link: String(server.served.listening["operatorLink"]) });
  await using _ = teacher;
  await teacher.logIn("Bu Sari", { password: "kata sandi guru" });
  await teacher.page.getByText("You are an operator of this server now").waitFor();
  await picture(teacher, "1-operator");
  await teacher.button("Server administration").click();
  await teacher.page.getByRole("tab", { name: "People", exact: true }).click();
  await teacher.page.getByRole("table", { name: "Accounts" }).getByText("Bu-Sari").waitFor();
  await teacher.button("Import class list").click();
  const dialog = teacher.dialog("Import class list");
  const buffer = Buffer.from(LIST);
  const files = [{ name: "class.csv", mimeType: "text/csv", buffer }];
  await dialog.locator("input[type=file]").setInputFiles(files);
  await dialog.getByRole("button", { name: "Add 3 people" }).click();
  await dialog.getByRole("button", { name: "Save 3 cards to print" }).waitFor();
  await picture(teacher, "2-imported");
  await teacher.page.keyboard.press("Escape");
  const names = teacher.page.getByRole("table", { name: "Accounts" }).locator("tbody th");
  await teacher.page.getByText("Ayu Lestari").first().waitFor();
  expect((await names.allInnerTexts()).sort()).toEqual(
    ["Ayu Lestari", "Bu Sari", "Cici Ayu", "budi"].sort(),
  );
  await using ayu = await pupil("ayu");
  await using budi = await pupil("budi");
  await using cici = await pupil("Cici-Ayu");
  await teacher.page.goto(server.address);
  await teacher.room("math").click();
  await teacher.heading("#math").waitFor();
  await teacher.startNew("Create room");
  const create = teacher.dialog("Create room");
  await create.getByLabel("Name", { exact: true }).fill("essay");
  await create.getByLabel(/^Assignment/).check();
  await create.getByText("They are in the room at once.").waitFor();
  await create.getByRole("button", { name: "Create", exact: true }).click();
  await create.waitFor({ state: "detached" });
  await teacher.heading("#essay").waitFor();
  await teacher.send("Write about your holidays");
  await teacher.button("Handed in").click();
  const strip = teacher.page.getByRole("region", { name: "Handed in", exact: true });
  await strip.getByText("0 of 3 handed in").waitFor();
  await picture(teacher, "3-assignment");
  for (const phone of [ayu, budi, cici]) await phone.room("essay").waitFor();
  await picture(ayu, "4-pupil-list");
  await ayu.room("essay").tap();
  await ayu.waitForMessage("Write about your holidays");
  await ayu.send("At the sea");
  await strip.getByText("1 of 3 handed in").waitFor();
  await picture(ayu, "5-pupil-work");
  await teacher.page.reload();
  await teacher.button("Server administration").waitFor();
});
