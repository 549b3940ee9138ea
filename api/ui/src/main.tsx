// Where the console begins. Not here: anything it shows (app.tsx).

import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/pages.css";
import "./theme";
import { App } from "./app";

const root = document.getElementById("console");
if (root) render(<App />, root);
