// Watches the instances of Wasm that are made after it. See memory.mjs.
export const instances = [];

const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  instances.push({ exports: instance.exports, module });
  return instance;
};

// What crosses to Go could be held by it in a table of references only.
export const tables = () => instances.flatMap(({ module, exports }) =>
  WebAssembly.Module.exports(module).filter(({ kind }) => kind === "table").map(({ name }) => exports[name]));
