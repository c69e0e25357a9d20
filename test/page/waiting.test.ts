import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer({ args: ["--file-max", "400kB", "--files-per-user", "250kB"] });

function photos(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const path = server.sandbox.path(`${name}${i}.png`);
    writeFileSync(path, photo(640 + 100 * i, 480));
    return path;
  });
}

const waiting = ({ page }: Visit) => page.locator("article.is-pending");

pageTest("keeps a message with photos over a lost link and a reload", async () => {
  await using relay = await Relay.open(server.served.port);
  await using ana = await server.logIn("ana", {
    via: relay,
    width: 390,
    height: 844,
    isPhone: true,
  });
  relay.cut();
  await ana.page.getByText(/^Can't reach the server/).waitFor();
  await ana.composer.fill("from the excursion");
  await ana.sendFiles(...photos("walk", 3));
  await ana.attachments.first().waitFor({ state: "detached" });
  const bubble = waiting(ana);
  await bubble.getByText("from the excursion").waitFor();
  await until("pictures", async () => (await bubble.locator(".picture > img").count()) === 3);
  expect(await ana.accessibilityViolations()).toEqual([]);
  relay.mend();
  await ana.page.reload();
  await ana.waitForMessage("from the excursion");
  await until("posted", async () => (await waiting(ana).count()) === 0);
});

pageTest("shows why a file cannot be sent, and sends the rest without it", async () => {
  await using ana = await server.logIn("bob", { width: 390, height: 844, isPhone: true });
  const large = server.sandbox.path("large.bin");
  writeFileSync(large, new Uint8Array(300_000));
  const refused = ana.page.locator(".waiting .refused").getByText("large.bin");
  await ana.composer.fill("both");
  await ana.sendFiles(...photos("stays", 1), large);
  await refused.waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.page.reload();
  await ana.button("Remove file").click();
  await ana.waitUntilSent();
  expect(await ana.message("both").locator(".picture").count()).toBe(1);
  await ana.composer.fill("again");
  await ana.sendFiles(large);
  await refused.waitFor();
  await ana.page.locator(".waiting").getByRole("button", { name: "Edit" }).click();
  await until("returned", async () => (await ana.composer.inputValue()) === "again");
  await ana.attachments.getByText("large.bin").waitFor();
  const tooLarge = server.sandbox.path("film.mp4");
  writeFileSync(tooLarge, new Uint8Array(500_000));
  await ana.attach(tooLarge);
  await ana.page.getByText(/^Files are limited to 400 kB here/).waitFor();
  expect(await ana.attachments.count()).toBe(1);
  // Among files that fit, it is named.
  await ana.attach(tooLarge, ...photos("fits", 1));
  await ana.page.getByText(/film\.mp4.*files are limited to 400 kB here/i).waitFor();
  expect(await ana.attachments.count()).toBe(2);
});
