using System.Reflection;
using System.Runtime.Loader;

namespace NativeBuffers.Instrumented.PlugIns;

/// <summary>Where plug-ins are loaded: this program once more, over the library that the host has.</summary>
internal sealed class PlugInContext() : AssemblyLoadContext("plug-in", isCollectible: true)
{
    protected override Assembly? Load(AssemblyName assemblyName) => null;
}
