import type { Program } from "../e2e/program.ts";
import type { Visit } from "./visit.ts";

/** A sealed room, made and entered by what one types. */

export async function makesVault(visit: Visit): Promise<void> {
  await visit.says("/join vault --sealed");
  const dialog = visit.dialog("Create room");
  await dialog.getByRole("button", { name: "Create" }).click();
  await visit.page.getByRole("heading", { name: "#vault", level: 1 }).waitFor();
}

/** Lets a user in, who enters by the banner. Their key packages are to be at the server. */
export async function letsIn(host: Visit, name: string, guest: Visit): Promise<void> {
  await host.says(`/invite ${name}`);
  const banner = guest.page.locator(".banner").filter({ hasText: "the sealed room vault" });
  await banner.getByRole("button", { name: "Enter" }).click();
  await guest.page.getByRole("heading", { name: "#vault", level: 1 }).waitFor();
}

/** The same of a terminal. */
export async function letsTerminalIn(host: Visit, name: string, guest: Program): Promise<void> {
  await host.says(`/invite ${name}`);
  await guest.json("may-join", { room: "vault" });
  guest.type("/join vault");
  await guest.json("join", { from: name, room: "vault" });
}
