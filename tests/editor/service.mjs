// The JSON language service of VS Code without the editor: one question a line in, one answer
// a line out, both JSON.
//
// In:  {"schema": {...}}                         the schema for texts that name none
//      {"ask": "complete", "text", "offset"}     what may stand at the offset
//      {"ask": "hover", "text", "offset"}        what is told of the thing at the offset
//      {"ask": "diagnose", "text", "uri"}        what is wrong; `$schema` is relative to the uri
// Out: null, [{label, insertText, documentation}], a string, or [{message, text}].

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import languageService from "vscode-json-languageservice";

const { ClientCapabilities, getLanguageService, TextDocument } = languageService;

const service = getLanguageService({
  clientCapabilities: ClientCapabilities.LATEST,
  schemaRequestService: (uri) => readFile(fileURLToPath(uri), "utf8"),
  workspaceContext: { resolveRelativePath: (path, from) => new URL(path, from).toString() },
});

const answers = {
  async complete(document, json, offset) {
    const found = await service.doComplete(document, document.positionAt(offset), json);
    return found.items.map(({ label, insertText, textEdit, documentation }) => ({
      label,
      insertText: textEdit?.newText ?? insertText,
      documentation: documentation?.value ?? documentation ?? "",
    }));
  },
  async hover(document, json, offset) {
    const found = await service.doHover(document, document.positionAt(offset), json);
    return found ? found.contents.map((part) => part.value ?? part).join("\n") : "";
  },
  async diagnose(document, json) {
    const found = await service.doValidation(document, json);
    return found.map(({ message, range }) => ({ message, text: document.getText(range) }));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { schema, ask, text, offset, uri } = JSON.parse(line);
  let answer = null;
  if (schema !== undefined) {
    const schemas = [{ uri: "memory:spec.schema.json", fileMatch: ["*.json"], schema }];
    service.configure({ validate: true, schemas });
  } else {
    const document = TextDocument.create(uri ?? "memory:spec.json", "json", 1, text);
    answer = await answers[ask](document, service.parseJSONDocument(document), offset);
  }
  console.log(JSON.stringify(answer));
}
