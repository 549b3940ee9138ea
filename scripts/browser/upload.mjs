// Sends a file with tus-js-client, and goes on with what an earlier run began: upload.mjs ENDPOINT FILE MEMORY STOP_AT
// Stops after STOP_AT bytes, unless that is 0. Prints the path of the upload.

import { createReadStream, statSync } from "node:fs";

import { FileUrlStorage, Upload } from "tus-js-client";

const [endpoint, file, memory, stopAt] = process.argv.slice(2);
const stop = Number(stopAt);

const finished = (upload) => {
    console.log(new URL(upload.url).pathname);
    process.exit(0);
};

const upload = new Upload(createReadStream(file), {
    endpoint,
    chunkSize: 1024 * 1024,
    uploadSize: statSync(file).size,
    metadata: { filename: "story.mxf" },
    retryDelays: [0, 200, 1000],
    urlStorage: new FileUrlStorage(memory),
    fingerprint: async () => "story",
    onError: (error) => {
        console.error(String(error));
        process.exit(1);
    },
    onChunkComplete: (_, accepted) => {
        if (stop > 0 && accepted >= stop) upload.abort().then(() => finished(upload));
    },
    onSuccess: () => finished(upload),
});

const [earlier] = await upload.findPreviousUploads();
if (earlier) upload.resumeFromPreviousUpload(earlier);
upload.start();
