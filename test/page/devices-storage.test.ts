import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

const keeping = (isKept: boolean) => `{
  const prototype = globalThis.StorageManager?.prototype ?? {};
  prototype.persisted = async () => ${isKept};
  prototype.persist = async () => { globalThis.asked = (globalThis.asked ?? 0) + 1; return false; };
}`;

for (const [name, isKept] of [
  ["ana", false],
  ["ben", true],
] as const) {
  pageTest(
    isKept
      ? "says nothing about storage that the browser keeps"
      : "asks the browser once to keep its data, and says in Devices that it may not",
    async () => {
      await using user = await server.logIn(name, { initScript: keeping(isKept) });
      expect(await user.page.evaluate<number>("globalThis.asked ?? 0")).toBe(0);
      for (const text of ["one", "two"]) {
        await user.send(`${text} of ${name}`);
        await user.waitUntilSent();
      }
      expect(await user.page.evaluate<number>("globalThis.asked ?? 0")).toBe(1);
      const settings = await user.openSettings();
      await settings.getByText("This device", { exact: true }).waitFor();
      const hint = user.page.getByText(/^This browser may delete the data of this page/);
      await until("the hint", async () => (await hint.count()) === (isKept ? 0 : 1));
      expect(await user.accessibilityViolations()).toEqual([]);
    },
  );
}

function drop({ page }: Visit, address: string): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData("text/uri-list", ${JSON.stringify(address)});
    dataTransfer.setData("text/html", "<img>");
    const options = { dataTransfer, bubbles: true, cancelable: true };
    const { body } = document;
    body.dispatchEvent(new DragEvent("dragover", options));
    return body.dispatchEvent(new DragEvent("drop", options));
  })()`);
}

pageTest("puts the address of a dropped image into the field, or says to save it", async () => {
  await using carl = await server.logIn("carl");
  await carl.composer.fill("look:");
  expect(await drop(carl, "# a comment\r\nhttps://example.org/a.png")).toBe(false);
  const text = "look: https://example.org/a.png";
  await until("the address", async () => (await carl.composer.inputValue()) === text);
  expect(await drop(carl, "data:image/png;base64,AAAA")).toBe(false);
  await carl.page.getByText("Save the picture first").first().waitFor();
  expect(await carl.composer.inputValue()).toBe(text);
});
