import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

/** Opens the page's database with a higher version, as a newer page may. */
function changeDatabase({ page }: Visit, version: number): Promise<string> {
  return page.evaluate<string>(`new Promise((resolve) => {
    const request = indexedDB.open("chat", ${version});
    request.onsuccess = () => {
      request.result.close();
      resolve("changed");
    };
    request.onerror = () => resolve(request.error.name);
  })`);
}

function stored({ page }: Visit): Promise<{ drafts: string[]; attached: string[] }> {
  return page.evaluate(`new Promise((resolve) => {
    const request = indexedDB.open("chat");
    request.onsuccess = () => {
      const transaction = request.result.transaction(["drafts", "attached"]);
      const [drafts, attached] = ["drafts", "attached"].map((name) =>
        transaction.objectStore(name).getAll());
      transaction.oncomplete = () => {
        request.result.close();
        resolve({
          drafts: drafts.result.map(({ text }) => text),
          attached: attached.result.map(({ file }) => file.name),
        });
      };
    };
  })`);
}

pageTest("stores everything before a newer page takes the storage over, and stops", async () => {
  await using ana = await server.logIn("ana");
  await ana.send("sent before");
  await ana.waitUntilSent();
  await ana.attach(server.sandbox.write("notes.txt", "attached"));
  await ana.composer.fill("typed until the last moment");
  const other = await ana.tab();
  await other.composer.waitFor();
  expect(await changeDatabase(other, 101)).toBe("changed");
  await ana.page.getByText(/^This page is out of date/).waitFor();
  await ana.composer.waitFor({ state: "detached" });
  await ana.page.getByText("Reload the page to continue writing.").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  const { drafts, attached } = await stored(other);
  expect(drafts).toContain("typed until the last moment");
  expect(attached).toEqual(["notes.txt"]);
});

pageTest("says that the page is old if the browser holds newer data", async () => {
  await using ben = await server.logIn("ben");
  await ben.send("here before");
  await ben.waitUntilSent();
  const other = await ben.tab();
  await other.composer.waitFor();
  expect(await changeDatabase(other, 199)).toBe("changed");
  await ben.page.close({ runBeforeUnload: false });
  await other.page.reload();
  await other.page.getByRole("heading", { name: "This page is out of date" }).waitFor();
  expect(await other.page.locator("#enter-name").count()).toBe(0);
  await other.button("Reload").waitFor();
});

/** While the page starts, a newer one opens the database that it has just opened. */
const TAKEN_AT_START = `{
  const { open } = IDBFactory.prototype;
  IDBFactory.prototype.open = function (name, version) {
    const request = open.call(this, name, version);
    if (name === "chat" && version === 100)
      request.addEventListener("success", () => open.call(indexedDB, "chat", 101));
    return request;
  };
}`;

pageTest(
  "says that the page is old if a newer one takes the storage during its start",
  async () => {
    await using eva = await server.visit({ initScript: TAKEN_AT_START });
    await eva.page.getByRole("heading", { name: "This page is out of date" }).waitFor();
  },
);

pageTest("says once that the browser stores nothing", async () => {
  await using carl = await server.logIn("carl", {
    password: "correct horse battery",
    initScript: `const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (names, mode, options) {
      if (mode === "readwrite") throw new DOMException("no space left", "QuotaExceededError");
      return transaction.call(this, names, mode, options);
    };`,
  });
  const banner = carl.page.getByText(/^This browser's storage is full/);
  await banner.waitFor();
  await carl.button("Dismiss").click();
  await carl.composer.fill("typed");
  await banner.waitFor({ state: "detached" });
});

pageTest("opens without stored data if the browser cannot read it, and says so", async () => {
  await using dora = await server.visit({
    initScript: `IDBDatabase.prototype.transaction = () => {
      throw new DOMException("damaged", "UnknownError");
    };`,
  });
  await dora.page.locator("#enter-name").waitFor();
  await dora.page.getByText(/^This browser doesn't store data of this page/).waitFor();
});

pageTest("sends from memory once the browser's database is silent, and says so", async () => {
  await using ella = await server.logIn("ella", {
    initScript: `for (const type of [IDBRequest, IDBTransaction]) {
      for (const name of ["onsuccess", "onerror", "oncomplete", "onabort"]) {
        const property = Object.getOwnPropertyDescriptor(type.prototype, name);
        if (property === undefined) continue;
        Object.defineProperty(type.prototype, name, { ...property, set(listener) {
          property.set.call(this, (event) => window.isSilent || listener?.call(this, event));
        } });
      }
    }`,
  });
  await ella.send("stored");
  await ella.waitUntilSent();
  await ella.page.evaluate("window.isSilent = true");
  await ella.send("stored nowhere");
  await ella.page.getByText(/^This browser doesn't store data of this page/).waitFor();
  await ella.waitUntilSent();
  await ella.send("sent from memory");
  await ella.waitUntilSent();
  await ella.waitForMessage("sent from memory");
});

pageTest("keeps a setting that another tab has changed, and shows it", async () => {
  await using ana = await server.logIn("anatol");
  const other = await ana.tab();
  await other.composer.waitFor();
  const typing = (await ana.openSettings()).getByLabel("Typing indicators");
  const awake = (await other.openSettings()).getByLabel("Keep the screen on");
  await awake.click();
  await typing.click();
  const stored = await ana.page.evaluate<string>("localStorage.getItem('chat.settings')");
  expect(JSON.parse(stored)).toMatchObject({ keepsAwake: true, typing: false });
  await until(
    "it is shown",
    async () => !(await other.page.getByLabel("Typing indicators").isChecked()),
  );
});
