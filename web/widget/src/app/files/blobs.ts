// The contents of files that are not sent yet. They outlive the window in IndexedDB; where a browser refuses that, as in some iframes
// and private windows, they live as long as the page.

const STORE = "files";

export class Blobs {
  readonly #here = new Map<string, Blob>();
  #opened: Promise<IDBDatabase> | null = null;

  constructor(private readonly name: string) {}

  /** Keeps contents; answers whether other tabs and later visits find them. */
  async keep(id: string, blob: Blob): Promise<boolean> {
    try {
      await this.#run("readwrite", (store) => store.put(blob, id));
      return true;
    } catch {
      this.#here.set(id, blob);
      return false;
    }
  }

  async read(id: string): Promise<Blob | null> {
    const here = this.#here.get(id);
    if (here) return here;
    const found = await this.#run("readonly", (store) => store.get(id)).catch(() => null);
    return found instanceof Blob ? found : null;
  }

  async forget(id: string): Promise<void> {
    this.#here.delete(id);
    await this.#run("readwrite", (store) => store.delete(id)).catch(() => undefined);
  }

  async #run(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    const database = await this.#open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      // A write that was asked for is not there before the transaction is over: the disk may be full.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      // Merely reading the property throws where storage is blocked.
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("blocked"));
    });
    return this.#opened;
  }
}
