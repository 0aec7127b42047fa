namespace NativeBuffers.Tests.TestKit;

/// <summary>Tests that measure the whole process run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessWide : ICollectionFixture<Residue>, ICollectionFixture<NoIdlePasses>
{
    public const string Name = "Process-wide";
}
