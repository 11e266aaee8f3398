/** An application on Java 17 that takes the client from a Maven repository, as its authors would write it. */
package com.example;
