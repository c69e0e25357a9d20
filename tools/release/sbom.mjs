/**
 * `bun tools/release/sbom.mjs PROGRAM FILE EPOCH`: writes the software bill of materials of a
 * program, in CycloneDX 1.6. Its components are the packages whose code the program contains, and
 * the runtime.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Enums, Models, Serialize, Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";

const ROOT = join(import.meta.dirname, "..", "..");
const RUNTIME = "bun";
const ADDRESSES = [
  ["homepage", Enums.ExternalReferenceType.Website],
  ["repository", Enums.ExternalReferenceType.VCS],
];

function manifestOf(name) {
  const installed = join(ROOT, "node_modules", name, "package.json");
  const path = existsSync(installed) ? installed : join(ROOT, "package.json");
  return JSON.parse(readFileSync(path, "utf8"));
}

function componentOf({ name, version, license }, type) {
  const [, group = "", baseName = name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(name) ?? [];
  const component = new Models.Component(type, baseName, {
    group: group === "" ? undefined : group,
    version,
    bomRef: `${name}@${version}`,
    purl: new PackageURL("npm", group || undefined, baseName, version).toString(),
    scope: Enums.ComponentScope.Required,
  });
  component.licenses.add(
    /[ (]/.test(license) ? new Models.LicenseExpression(license) : new Models.SpdxLicense(license),
  );
  for (const [field, kind] of ADDRESSES) {
    const value = manifestOf(name)[field];
    const url = typeof value === "string" ? value : value?.url;
    if (url !== undefined) {
      component.externalReferences.add(
        new Models.ExternalReference(url.replace(/^git\+/, ""), kind),
      );
    }
  }
  return component;
}

/** UUID version 8 that depends only on the content. */
function serialNumberOf(refs, epoch) {
  const hex = createHash("sha256")
    .update(`${refs.join("\n")}\n${epoch}`)
    .digest("hex");
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return `urn:uuid:${[...groups, hex.slice(20, 32)].join("-")}`;
}

const [program, file, epoch] = process.argv.slice(2);
const listed = execFileSync(program, ["version", "--licenses", "--json"], { encoding: "utf8" });
const packages = listed
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const [root, ...libraries] = packages;

const bom = new Models.Bom();
const application = componentOf(root, Enums.ComponentType.Application);
application.purl = undefined;
bom.metadata.component = application;
bom.metadata.timestamp = new Date(Number(epoch) * 1000);
const components = new Map();
for (const library of libraries) {
  const type =
    library.name === RUNTIME ? Enums.ComponentType.Platform : Enums.ComponentType.Library;
  components.set(library.name, componentOf(library, type));
}
bom.serialNumber = serialNumberOf(
  [...components.values()].map(({ bomRef }) => bomRef.value),
  epoch,
);
const rootNames = new Set([RUNTIME, ...Object.keys(manifestOf(root.name).dependencies)]);
for (const [name, component] of components) {
  bom.components.add(component);
  if (rootNames.has(name)) application.dependencies.add(component.bomRef);
  if (name === RUNTIME) continue;
  for (const dependency of Object.keys(manifestOf(name).dependencies ?? {})) {
    const other = components.get(dependency);
    if (other !== undefined) component.dependencies.add(other.bomRef);
  }
}

const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
const options = { sortLists: true, space: 2 };
const text = new Serialize.JsonSerializer(factory).serialize(bom, options);
const fault = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
if (fault !== null) throw new Error(`invalid bill of materials: ${JSON.stringify(fault)}`);
writeFileSync(file, `${text}\n`);
