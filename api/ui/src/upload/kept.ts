// Uploads under way, kept in the browser so that they outlive a reload. Not here: sending them (uploads.ts).

/** What is kept of one. The file itself only up to a size: the browser makes a copy of it. */
export interface Kept {
  id: string;
  name: string;
  size: number;
  modified: number;
  title: string;
  profile: string;
  priority: number;
  /** Where the daemon takes the rest. */
  url?: string;
  file?: File;
}

/** 1 GiB: what is larger has to be chosen again after a reload. */
export const KEEP_FILE_BYTES = 2 ** 30;

const STORE = "uploads";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("newsreel", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = db.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    db.close();
  }
}

/** Without room for the file, the rest of it is kept. */
export async function keep(upload: Kept): Promise<void> {
  const { file, ...rest } = upload;
  const whole = file && file.size <= KEEP_FILE_BYTES ? upload : rest;
  await within("readwrite", (store) => store.put(whole)).catch(() => within("readwrite", (store) => store.put(rest)));
}

export const forget = (id: string) => within("readwrite", (store) => store.delete(id));
export const all = () => within<Kept[]>("readonly", (store) => store.getAll());
