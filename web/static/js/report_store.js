// Reports kept on the phone: in IndexedDB, in localStorage where there is none, else while the page lives.
//
//   await reportStore.open() -> {durable, all() -> [entry], put(entry), drop(id)}, each a promise
//   An entry is {id, user, state, made, fields, summary, tries, reason, correct}; one that is sent has no fields.
//   `user` is the name under which it was written: it is sent under no other.
"use strict";
window.reportStore = (() => {
  const NAME = "hotspots-reports";
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  const openDatabase = async () => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("reports", { keyPath: "id" });
    const database = await asked(opening);
    database.onversionchange = () => database.close();
    const change = (work) => new Promise((resolve, reject) => {
      // Only a transaction that is complete has kept what was put.
      const transaction = database.transaction("reports", "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore("reports"));
    });
    return {
      durable: true,
      all: () => asked(database.transaction("reports").objectStore("reports").getAll()),
      put: (entry) => change((store) => store.put(entry)),
      drop: (id) => change((store) => store.delete(id)),
    };
  };

  const openLocal = () => {
    const read = () => JSON.parse(localStorage.getItem(NAME) || "[]");
    const write = (entries) => localStorage.setItem(NAME, JSON.stringify(entries));
    write(read());
    return {
      durable: true,
      all: async () => read(),
      put: async (entry) => write([...read().filter((one) => one.id !== entry.id), entry]),
      drop: async (id) => write(read().filter((one) => one.id !== id)),
    };
  };

  const openMemory = () => {
    const entries = new Map();
    return {
      durable: false,
      all: async () => [...entries.values()],
      put: async (entry) => { entries.set(entry.id, entry); },
      drop: async (id) => { entries.delete(id); },
    };
  };

  const open = async () => {
    try {
      const store = await openDatabase();
      if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => {});
      return store;
    } catch {
      try {
        return openLocal();
      } catch {
        return openMemory();
      }
    }
  };
  return { open };
})();
