import type { Program } from "../e2e/program.ts";
import { keyPackages } from "../e2e/sealed-server.ts";
import type { PageServer, UserOptions } from "./page-server.ts";
import type { Visit } from "./visit.ts";

/**
 * Windows and terminals with key packages on the server, so that they can be added to sealed rooms.
 * Waits for the number of packages, so tests must not open other devices first.
 */
export class Devices {
  readonly #server: PageServer;
  readonly #shared = new Map<string, Visit>();
  #count = 0;

  constructor(server: PageServer) {
    this.#server = server;
  }

  async window(name: string, options: UserOptions = {}): Promise<Visit> {
    const open = this.#shared.get(name);
    if (open !== undefined) return open;
    const visit = await this.#withKeyPackage(this.#server.window(name, options));
    this.#shared.set(name, visit);
    return visit;
  }

  logIn(name: string, options: UserOptions = {}): Promise<Visit> {
    return this.#withKeyPackage(this.#server.logIn(name, options));
  }

  terminal(name: string): Promise<Program> {
    const home = this.#server.sandbox.home(name);
    return this.#withKeyPackage(home.join(["--user", name]));
  }

  async #withKeyPackage<Device>(opening: Promise<Device>): Promise<Device> {
    const device = await opening;
    this.#count += 1;
    await keyPackages(this.#server.served.data, this.#count);
    return device;
  }
}

export async function createSealedRoom(
  visit: Visit,
  room: string,
  hasHistory = false,
): Promise<void> {
  await visit.send(`/join ${room} --sealed`);
  if (hasHistory) {
    const option = visit.page.locator("dialog[open]").getByLabel("New members can read earlier");
    await option.check();
  }
  await visit.page.locator("dialog[open] button[type=submit]").click();
  await visit.heading(`#${room}`).waitFor();
  await visit.page.locator(".composer-lock").waitFor();
}

export async function inviteUser(
  host: Visit,
  name: string,
  guest: Visit,
  room: string,
): Promise<void> {
  await host.send(`/invite ${name}`);
  const banner = guest.invitation(`the encrypted room #${room}`);
  await banner.getByRole("button", { name: "Join" }).click();
  await guest.heading(`#${room}`).waitFor();
}

export async function inviteTerminal(
  host: Visit,
  name: string,
  guest: Program,
  room: string,
): Promise<void> {
  await host.send(`/invite ${name}`);
  await guest.json("may-join", { room });
  guest.type(`/join ${room}`);
  await guest.json("join", { from: name, room });
}
