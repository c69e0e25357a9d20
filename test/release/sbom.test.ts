import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../temp-folder.ts";

const ROOT = join(import.meta.dir, "..", "..");
const SCRIPT = join(ROOT, "tools", "release", "sbom.mjs");
const PROGRAM = join(ROOT, "dist", process.platform === "win32" ? "chat.exe" : "chat");

interface Component {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly "bom-ref": string;
  readonly licenses: readonly unknown[];
}

function billOfMaterials(): string {
  const file = join(tempFolder(), "chat.cdx.json");
  const command = [process.execPath, SCRIPT, PROGRAM, file, "1700000000"];
  const { exitCode, stderr } = Bun.spawnSync(command);
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  return readFileSync(file, "utf8");
}

test("the bill of materials lists the runtime and each bundled package", () => {
  const text = billOfMaterials();
  expect(billOfMaterials()).toBe(text);
  const { metadata, components, dependencies } = JSON.parse(text) as {
    metadata: { timestamp: string; component: Component };
    components: Component[];
    dependencies: { ref: string; dependsOn?: string[] }[];
  };
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(metadata.component).toMatchObject({ name: "chat", version: manifest.version });
  expect(metadata.timestamp).toBe("2023-11-14T22:13:20.000Z");
  const bun = components.find(({ name }) => name === "bun");
  expect(bun).toMatchObject({ type: "platform", version: manifest.devDependencies.bun });
  expect(components.filter(({ licenses }) => licenses.length === 0)).toEqual([]);
  const refs = components.map((component) => component["bom-ref"]);
  expect(refs).toContain(`valibot@${manifest.dependencies.valibot}`);
  expect(refs.filter((ref) => /^(?:typescript|knip|ajv)@/.test(ref))).toEqual([]);
  const chat = dependencies.find(({ ref }) => ref === metadata.component["bom-ref"]);
  expect(chat?.dependsOn).toContain(`bun@${bun?.version}`);
});
