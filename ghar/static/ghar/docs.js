"use strict";

const root = document.getElementById("docs");

SwaggerUIBundle({
  url: root.dataset.schema,
  domNode: root,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  // Else it would send the document's address to a service on the internet.
  validatorUrl: null,
  requestInterceptor: (request) => {
    request.headers["X-CSRFToken"] = root.dataset.csrf;
    return request;
  },
});
