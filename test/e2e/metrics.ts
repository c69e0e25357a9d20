import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Served } from "./program.ts";

export async function metricsText({ address, data }: Served): Promise<string> {
  const token = readFileSync(join(data, "operator"), "utf8").trim();
  const response = await fetch(`https://${address}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
    tls: { ca: readFileSync(join(data, "tls.crt"), "utf8") },
  });
  if (!response.ok) throw new Error(`/metrics answers ${response.status}`);
  return response.text();
}
