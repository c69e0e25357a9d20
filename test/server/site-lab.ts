import type { Passwords } from "../../src/server/auth/login.ts";
import { fixtureTest } from "../fixture-test.ts";
import type { Guest } from "./guest.ts";
import { Site, siteWith } from "./site.ts";

export const TOKEN = "operator-token";

export async function operating(guest: Guest): Promise<Guest> {
  await guest.request("operate", { token: TOKEN });
  return guest;
}

export function holds({ disk }: Site, text: string): boolean {
  const lines = disk.list("/d/history").flatMap((name) => {
    const { visible } = disk.fileAt(`/d/history/${name}`);
    return Buffer.from(visible).toString().split("\n");
  });
  return lines.some((line) => line.split('"body":')[1]?.includes(text));
}

export async function lab(
  options = {},
): Promise<{ site: Site; ana: Guest; ben: Guest; eve: Guest }> {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"], {
    operatorToken: TOKEN,
    ...options,
  });
  await ana.request("join", { room: "lab", create: true });
  await ben.request("join", { room: "lab" });
  await eve.request("join", { room: "lab" });
  await site.quiet();
  return { site, ana, ben, eve };
}

export const labTest = fixtureTest(() => lab());
export const siteTest = fixtureTest(() => Site.open());

export function heldPasswords() {
  const waiting: (() => void)[] = [];
  const passwords: Passwords = {
    hash: (password) => Promise.resolve(password),
    verify: async (password, hash) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return password === hash;
    },
  };
  return { passwords, waiting };
}
