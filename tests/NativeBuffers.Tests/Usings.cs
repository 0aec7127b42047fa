global using NativeBuffers.TestKit;
global using NativeBuffers.Tests.TestKit;
global using Xunit;
