import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { findResetCode } from "../../src/core/reset-codes.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer({ args: ["--name", "Room 12"] });
const PHONE = { isPhone: true, width: 390, height: 844 };
const HAS_PICTURES = process.env["CARD_PICTURES"];

async function picture({ page }: Pick<Visit, "page">, name: string): Promise<void> {
  if (HAS_PICTURES) await page.screenshot({ path: `${HAS_PICTURES}/${name}.png` });
}

async function people(
  list: string,
): Promise<{ readonly html: string; codeOf(user: string): string }> {
  const { sandbox } = server;
  const path = sandbox.path(`cards-${list.length}.html`);
  const file = sandbox.write("class.csv", `name,display name\n${list}\n`);
  const olga = server.home("admin");
  const command = ["admin", "accounts", "import", file, "--renew", "--instructions"];
  const lines = await olga.json([...command, "--cards", path]);
  const cards = lines.filter(({ code }) => code !== undefined);
  const codes = new Map(cards.map(({ user, code }) => [user, code]));
  return { html: readFileSync(path, "utf8"), codeOf: (user) => String(codes.get(user)) };
}

async function enterCode(visit: Visit, code: string): Promise<void> {
  await visit.field("Code").fill(code);
  await visit.button("Continue").click();
}

async function setPassword(visit: Visit, password: string): Promise<void> {
  await visit.field("New password").fill(password);
  await visit.field("Repeat new password").fill(password);
  await visit.button("Set password and sign in").click();
}

pageTest("a pupil signs in with a typed code, and then with name and password", async () => {
  const { codeOf } = await people("siti-n,Siti Nurhaliza");
  const code = codeOf("siti-n");
  const address = `https://${server.served.address}/`;
  await using phone = await server.browser.visit(address, PHONE);
  await phone.button("I have a code").click();
  await phone.field("Code").waitFor();
  await picture(phone, "code-phone-light");
  await expectAccessible(phone, "light", "a code to type");
  const wrong = code.replace(/.$/, (last) => (last === "7" ? "K" : "7"));
  await enterCode(phone, wrong);
  await phone.page.getByText("A letter or digit of this code is wrong.").first().waitFor();
  await enterCode(phone, "tiger");
  await phone.page.getByText("A code has 12 letters and digits").first().waitFor();
  await enterCode(phone, "7K3M-9PXQ-2RTY");
  await phone.page.getByText("This server does not know this code.").first().waitFor();
  await picture(phone, "code-refused-phone-light");
  await enterCode(phone, code.toLowerCase().replaceAll("-", " – "));
  await phone.page
    .getByText("Choose a password for Siti Nurhaliza (siti-n). The code works once.")
    .waitFor();
  await phone.page.getByText("sign in with the name siti-n and this password").waitFor();
  await picture(phone, "choose-phone-light");
  await expectAccessible(phone, "light", "a password to choose");
  await setPassword(phone, code);
  await phone.page.getByText("The password must not be the code.").first().waitFor();
  await setPassword(phone, "found word");
  await phone.composer.waitFor();
  await using other = await server.browser.visit(address, { ...PHONE, isDark: true });
  await other.button("I have a code").click();
  await enterCode(other, code);
  await other.page
    .getByText("This code has been used, or the password changed since. Sign in")
    .first()
    .waitFor();
  await other.button("Sign in another way").click();
  await other.submitLogin("Siti-N", { password: "found word" });
  await other.composer.waitFor();
});

pageTest("a code is accepted as password, and no password is called wrong", async () => {
  const { codeOf } = await people("ayu,Ayu Lestari");
  const code = codeOf("ayu");
  const address = `https://${server.served.address}/`;
  await using phone = await server.browser.visit(address, { ...PHONE, isDark: true });
  const textFor = async (name: string) => {
    await phone.submitLogin(name, { password: "a guess" });
    const fault = phone.page.locator("#enter-password-fault");
    await fault.getByText(`${name} and this password don't match.`).waitFor();
    return (await fault.innerText()).replaceAll(name, "NAME");
  };
  const unclaimed = await textFor("ayu");
  await picture(phone, "refused-phone-dark");
  await expectAccessible(phone, "dark", "a refused password");
  expect(unclaimed).toBe(await textFor("nobody-here"));
  expect(unclaimed).toContain("If you have a card, use its code.");
  await phone.page.locator("#enter-password-fault").getByText("I have a code").click();
  await phone.field("Code").waitFor();
  await phone.button("Sign in another way").click();
  await phone.submitLogin("ayu", { password: code });
  await phone.page.getByText("Choose a password for Ayu Lestari (ayu).").waitFor();
  await setPassword(phone, "found word");
  await phone.composer.waitFor();
});

pageTest("prints cards that fit a phone and a sheet, with instructions", async () => {
  const { html } = await people("budi,Budi Ñusantara\ncitra,Citra Ayu\ndewi,Dewi Anggraini");
  const olga = await server.operator();
  const sheet = await olga.context.newPage();
  for (const [name, width, height] of [
    ["phone", 390, 844],
    ["laptop", 1280, 800],
  ] as const) {
    await sheet.setViewportSize({ width, height });
    await sheet.setContent(html);
    expect(await sheet.evaluate("document.scrollingElement.scrollWidth")).toBe(width);
    if (HAS_PICTURES) {
      await sheet.screenshot({ path: `${HAS_PICTURES}/cards-${name}.png`, fullPage: true });
    }
  }
  expect(await sheet.locator("h2").allInnerTexts()).toEqual(["budi", "citra", "dewi"]);
  await sheet.close();
});

pageTest("a reset shows a picture and a code, which the page accepts", async () => {
  const olga = await server.operator();
  await server.headlessUser("ben");
  if ((await olga.page.locator("#tab-server").count()) === 0)
    await olga.button("Server administration").click();
  await olga.page.locator("#tab-accounts").click();
  await olga.page.getByRole("button", { name: "Actions for ben" }).click();
  await olga.menuItem("Reset password").click();
  const dialog = olga.dialog("Reset ben's password");
  await dialog.getByRole("button", { name: "Reset password" }).click();
  const code = (await dialog.locator(".reset-code").textContent()) ?? "";
  expect(findResetCode(code)).toBe(code);
  await dialog.getByRole("img", { name: "QR code" }).waitFor();
  await dialog.getByText(`Or open https://${server.served.address}`).waitFor();
  await expectAccessible(olga, "light", "a reset");
  await picture(olga, "reset-laptop-light");
  await olga.page.setViewportSize({ width: 390, height: 844 });
  await olga.page.emulateMedia({ colorScheme: "dark" });
  await picture(olga, "reset-phone-dark");
  await expectAccessible(olga, "dark", "a reset on a phone");
  expect(await olga.page.evaluate("document.scrollingElement.scrollWidth")).toBe(390);
  await using phone = await server.browser.visit(`https://${server.served.address}/`, PHONE);
  await phone.button("I have a code").click();
  await enterCode(phone, code);
  await phone.page.getByText("Choose a password for ben.").waitFor();
});
