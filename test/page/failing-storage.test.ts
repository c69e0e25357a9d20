import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const PASSWORD = "correct horse battery";

/** Calls of the storage, of which each after the first `count` throws. */
const failingAfter = (count: number) => `{
  let left = ${count};
  const types = [IDBFactory, IDBDatabase, IDBTransaction, IDBObjectStore, Storage];
  for (const { prototype } of types) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value !== "function" || /^(?:constructor|abort|close)$/.test(name)) continue;
      prototype[name] = function (...args) {
        if (--left < 0) throw new DOMException("disk error", "UnknownError");
        return value.apply(this, args);
      };
    }
  }
}`;

/** Holds the answers of the databases back while the page's \`isHeld\` is true. */
const HELD_ANSWERS = `{
  globalThis.isHeld = false;
  const held = [];
  globalThis.release = () => {
    globalThis.isHeld = false;
    for (const act of held.splice(0)) act();
  };
  for (const type of [IDBRequest, IDBOpenDBRequest, IDBTransaction]) {
    for (const name of ["onsuccess", "onerror", "oncomplete", "onabort"]) {
      const property = Object.getOwnPropertyDescriptor(type.prototype, name);
      if (property === undefined) continue;
      Object.defineProperty(type.prototype, name, { ...property, set(listener) {
        property.set.call(this, (event) => {
          const act = () => listener?.call(this, event);
          if (globalThis.isHeld) held.push(act);
          else act();
        });
      } });
    }
  }
}`;

const NEVER_OPENS = `{
  const { open } = IDBFactory.prototype;
  IDBFactory.prototype.open = function (...args) {
    if (sessionStorage.getItem("opens") === null) return Object.create(IDBOpenDBRequest.prototype, {
      onsuccess: { writable: true }, onerror: { writable: true }, error: { value: null },
      onupgradeneeded: { writable: true }, onblocked: { writable: true },
    });
    return open.apply(this, args);
  };
}`;

/** Closes the databases as Safari does in the background; none opens until the reload. */
const CLOSABLE = `{
  const { open } = IDBFactory.prototype;
  const databases = [];
  IDBFactory.prototype.open = function (...args) {
    if (globalThis.isClosed) throw new DOMException("connection lost", "UnknownError");
    const request = open.apply(this, args);
    request.addEventListener("success", () => databases.push(request.result));
    return request;
  };
  globalThis.closeAll = () => {
    globalThis.isClosed = true;
    for (const database of databases) {
      database.close();
      database.dispatchEvent(new Event("close"));
    }
  };
}`;

const WARNING = /^This browser(?:'s storage is full| doesn't store data)/;

function warnings({ page }: Visit) {
  return page.locator(".banners .banner").getByText(WARNING);
}

/** Texts, files and drafts while the page is open. */
async function spendDay(user: Visit, room: string): Promise<void> {
  await user.send(`first ${room}`);
  await user.waitUntilSent();
  await user.attach(server.sandbox.write(`${room}.txt`, "attached"));
  await user.attachments.getByText(`${room}.txt`).waitFor();
  await user.send(`file of ${room}`);
  await user.file(`${room}.txt`).waitFor();
  await user.composer.fill("a draft");
  await user.createRoom(room);
  await user.page.goBack();
  await user.heading("#lobby").waitFor();
}

for (const count of [0, 4, 10, 40]) {
  pageTest(`loses no text if each call of the storage after ${count} fails`, async () => {
    await using ana = await server.visit({ initScript: failingAfter(count) });
    await ana.logIn(`ana${count}`, { password: PASSWORD });
    await spendDay(ana, `room${count}`);
    await warnings(ana).waitFor();
    expect(await warnings(ana).count()).toBe(1);
    expect(await warnings(ana).textContent()).toMatch(/lost/);
    await ana.button("Dismiss").first().click();
    await ana.send(`after room${count}`);
    await ana.waitUntilSent();
    expect(await warnings(ana).count()).toBe(0);
    for (const text of [`first room${count}`, `file of room${count}`, `after room${count}`])
      expect(await ana.message(text).count()).toBe(1);
  });
}

pageTest(
  "continues from memory while the storage hangs, and stores everything after it",
  async () => {
    await using ben = await server.logIn("ben", { initScript: HELD_ANSWERS });
    await ben.send("before it hangs");
    await ben.waitUntilSent();
    await ben.page.evaluate("isHeld = true");
    await ben.send("while it hangs");
    await ben.waitUntilSent();
    await warnings(ben).waitFor();
    await ben.composer.fill("typed while it hangs");
    await ben.page.evaluate("release()");
    await warnings(ben).waitFor({ state: "detached" });
    await ben.reload();
    await until(
      "the draft",
      async () => (await ben.composer.inputValue()) === "typed while it hangs",
    );
    expect(await ben.message("while it hangs").count()).toBe(1);
  },
);

pageTest("says after two seconds that the storage hangs, and remembers Enter", async () => {
  await using carl = await server.visit({ initScript: NEVER_OPENS });
  await carl.page.locator("#enter-name").fill("carl");
  await carl.page.locator("#enter-password").fill(PASSWORD);
  await carl.page.locator("#enter-password").press("Enter");
  await carl.page.getByText(/^This browser's storage doesn't answer/).waitFor();
  await carl.newAccountQuestion.waitFor({ timeout: 60_000 });
  await carl.confirmNewAccount();
  await carl.composer.waitFor();
  await carl.page.getByText(/need your password to sign in again/).waitFor();
});

pageTest("sends nothing twice and keeps drafts if no database opens until the reload", async () => {
  await using dora = await server.logIn("dora", { initScript: CLOSABLE });
  await dora.composer.fill("half");
  await until("it is stored", () =>
    dora.page.evaluate<boolean>(`new Promise((resolve) => {
      const request = indexedDB.open("chat");
      request.onsuccess = () => {
        const { result } = request;
        const rows = result.transaction("drafts").objectStore("drafts").getAll();
        rows.onsuccess = () => {
          result.close();
          resolve(rows.result.some(({ text }) => text === "half"));
        };
      };
    })`),
  );
  await dora.page.evaluate("closeAll()");
  await dora.send("half whole");
  await dora.waitUntilSent();
  await dora.attach(server.sandbox.write("late.txt", "late"));
  await dora.send("with it");
  await dora.file("late.txt").waitFor();
  await warnings(dora).waitFor();
  expect(await dora.page.getByText(/was deleted/).count()).toBe(0);
  await dora.composer.fill("next");
  await dora.reload();
  await until("the draft", async () => (await dora.composer.inputValue()) === "next");
  await dora.composer.fill("");
  await dora.send("last");
  await dora.waitUntilSent();
  for (const text of ["half whole", "with it", "last"])
    expect(await dora.message(text).count()).toBe(1);
  expect(await dora.file("late.txt").count()).toBe(1);
});
