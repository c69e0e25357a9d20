import type { Program } from "../e2e/program.ts";
import { keyPackages } from "../e2e/sealed-server.ts";
import type { EnterOptions, PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

/**
 * Windows and terminals whose key packages are at the server, so that they can be added to sealed
 * rooms. It waits for their number: a test that opens devices otherwise stands last in its file.
 */
export class Devices {
  readonly #server: PageServer;
  readonly #shared = new Map<string, Visit>();
  #count = 0;

  constructor(server: PageServer) {
    this.#server = server;
  }

  /** A window that tests of the file share. */
  async window(name: string, options: EnterOptions = {}): Promise<Visit> {
    const open = this.#shared.get(name);
    if (open !== undefined) return open;
    const visit = await this.#added(this.#server.window(name, options));
    this.#shared.set(name, visit);
    return visit;
  }

  enter(name: string, options: EnterOptions = {}): Promise<Visit> {
    return this.#added(this.#server.enter(name, options));
  }

  terminal(name: string): Promise<Program> {
    const home = this.#server.sandbox.home(name);
    return this.#added(home.join(["--user", name]));
  }

  async #added<Device>(opening: Promise<Device>): Promise<Device> {
    const device = await opening;
    this.#count += 1;
    await keyPackages(this.#server.served.data, this.#count);
    return device;
  }
}

export async function makesVault(visit: Visit, room: string): Promise<void> {
  await visit.says(`/join ${room} --sealed`);
  await visit.page.locator("dialog[open] button[type=submit]").click();
  await visit.heading(`#${room}`).waitFor();
  await visit.page.locator(".composer-lock").waitFor();
}

/** Invites a user, who enters by the banner. */
export async function letsIn(host: Visit, name: string, guest: Visit, room: string): Promise<void> {
  await host.says(`/invite ${name}`);
  const banner = guest.page.locator(".banner").filter({ hasText: `the encrypted room ${room}` });
  await banner.getByRole("button", { name: "Join" }).click();
  await guest.heading(`#${room}`).waitFor();
}

/** The same for a terminal. */
export async function letsTerminalIn(
  host: Visit,
  name: string,
  guest: Program,
  room: string,
): Promise<void> {
  await host.says(`/invite ${name}`);
  await guest.json("may-join", { room });
  guest.type(`/join ${room}`);
  await guest.json("join", { from: name, room });
}
