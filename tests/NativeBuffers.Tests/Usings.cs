global using NativeBuffers.Tests.TestKit;
global using Xunit;
