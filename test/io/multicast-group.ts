import { reservedPort } from "../ports.ts";

export interface MulticastGroup {
  readonly group: string;
  readonly port: number;
}

/** A group and a port that no concurrent test uses. */
export async function freeGroup(): Promise<MulticastGroup> {
  const [a = 1, b = 1, c = 1] = crypto.getRandomValues(new Uint8Array(3));
  return { group: `239.${a}.${b}.${c}`, port: await reservedPort() };
}
