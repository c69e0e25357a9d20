import { test } from "bun:test";
import { SEALED_CODE } from "../../../src/client/sealed/code.ts";
import { importStateKey } from "../../../src/crypto/seal/state-box.ts";
import { SealedStateStore } from "../../../src/io/state/sealed-store.ts";
import type { SealedModule } from "../../../src/web/driver/sealing.ts";
import { forkFor } from "../../client/sealed/forked-log.ts";
import { type Person, SealedSite } from "../../client/sealed/sealed-site.ts";
import { Browser, type Tab } from "../browser/browser.ts";

function sealedPart({ site }: SealedSite): SealedModule {
  const stateKey = importStateKey(new Uint8Array(32).fill(9));
  return {
    ...SEALED_CODE,
    openSealedHome: (_, { fingerprint, formers, account }) =>
      new SealedStateStore(
        undefined,
        { fingerprint, formers, account, device: "page" },
        site.clock,
      ) as never,
    loadStateKey: () => stateKey,
  };
}

class Page {
  readonly world: SealedSite;
  readonly tab: Tab;

  remarks = 0;

  private constructor(world: SealedSite, tab: Tab) {
    this.world = world;
    this.tab = tab;
    tab.chat.onEvent(({ kind }) => {
      if (kind === "sealed-remark") this.remarks++;
    });
  }

  static async open(world: SealedSite, user: string): Promise<Page> {
    const browser = new Browser(world.site);
    browser.sealed = sealedPart(world);
    const page = new Page(world, await browser.member(user));
    const { chat } = page.tab;
    const join = { room: "vault", create: true, sealed: true };
    const { room: id } = await world.wait(chat.request("join", join));
    const { newRooms } = await world.wait(chat.sealedRooms());
    await world.wait(newRooms.seal({ id: String(id), name: "vault", history: false }));
    await page.until("the room", () => page.room !== undefined);
    return page;
  }

  get room() {
    return [...this.tab.chat.model.rooms.values()].find(({ name }) => name === "vault");
  }

  async letsIn(person: Person): Promise<void> {
    const rooms = await this.world.wait(this.tab.chat.sealedRooms());
    const view = { kind: "room", id: this.room?.id, name: "vault", topic: "", isSealed: true };
    await this.world.wait(rooms.get(view as never).changes.invite(person.name));
    await this.world.wait(person.client.request("join", { room: "vault" }));
  }

  async hears(text: string): Promise<void> {
    await this.until(text, () => this.tab.texts("vault").includes(text));
  }

  async until(what: string, look: () => boolean): Promise<void> {
    await this.world.until(what, () => look() || undefined);
  }
}

test("reports another history, and sends nothing", async () => {
  await using world = await SealedSite.open({ signs: true });
  const page = await Page.open(world, "ana");
  const device = world.device();
  const first = await world.join("ben", device);
  await page.letsIn(first);
  const { fingerprint = "" } = first.client;
  await first.quit();
  device.state.logPins.forget(fingerprint);
  const ben = world.person("ben", device);
  await forkFor(world, ben);
  await ben.enter();
  const reader = { fingerprint, formers: [], user: "ben" };
  await ben.until("its checkpoint", () => device.state.logPins.pin(reader));
  await ben.postText("hello");
  await page.hears("hello");
  await world.pass(30_000);
  await page.until("the alarm", () => page.remarks > 0);
  page.tab.chat.actions.send("vault", { text: "not for that server" });
  await page.until("the refusal", () =>
    page.tab.chat.model.pending.some(({ state }) => state.kind === "refused"),
  );
});
