using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.Models;

/// <summary>The model of runs and their owners is about the code that is: the order of the steps of each method.</summary>
public partial class RunTieTests
{
    [Theory]
    [InlineData("take", nameof(BarePath), nameof(BarePath.TryTakeHere), "begin, bits, leave")]
    [InlineData("give", nameof(BarePath), $"{nameof(BarePath.TryGiveHere)} GiveSlow", "begin, owner, bits, leave, locked")]
    [InlineData("giveLocked", nameof(RunClass), "GiveFirst", "lock, owner, returned, bits")]
    [InlineData("fill", nameof(RunClass), nameof(RunClass.TryFill), "lock, collect, own")]
    [InlineData("visit", nameof(RunClass), nameof(RunClass.Visit), "lock, collect, disown")]
    public void A_method_takes_these_steps_in_the_model_and_in_the_code(string name, string type, string methods, string steps)
    {
        string model = Mutation().Replace(Repository.Read($"{Model.Folder}/runs.pml"), "$1");
        string start = name == "visit" ? "/* RunClass.Visit. */" : $"inline {name}(";
        string body = model[model.IndexOf(start, StringComparison.Ordinal)..];
        body = body[..body.IndexOf("\n}", StringComparison.Ordinal)];
        Assert.Equal(steps, Steps(body));
        Assert.Equal(steps, Steps(string.Concat(methods.Split(' ').Select(method => Method(type, method)))));
    }

    [Fact]
    public void A_visit_comes_after_the_announcement_the_barrier_and_the_wait()
    {
        Assert.Matches(InOrder(@"BareBins\.Announce.*MemoryBarrierProcessWide"), Method("CacheVisits", "AnnounceRuns"));
        Assert.Matches(InOrder(@"AnnounceRuns\(\).*BareBins\.VisitAway.*BareBins\.Visit\("), Method("CacheVisits", "TrimRuns"));
        Assert.Matches(InOrder(@"AnnounceRuns\(\).*BareBins\.VisitReturned"), Method("CacheVisits", "CollectReturned"));
        Assert.Matches(InOrder(@"WaitForOwner\(\).*\.Visit\(.*EndVisit\(\)"), Method(nameof(BareBins), nameof(BareBins.Visit)));
        Assert.Matches(InOrder(@"WaitForOwner\(\).*\.Visit\(.*RunVisit\.Collect.*EndVisit\(\)"), Method(nameof(BareBins), nameof(BareBins.VisitReturned)));
    }

    private static Regex InOrder(string pattern) => new(pattern, RegexOptions.Singleline);

    /// <summary>The accesses to the words of the model, in words for the model and for the source.</summary>
    private static string Steps(string text) => string.Join(
        ", ",
        (from Match step in Step().Matches(text)
         select step.Value switch
         {
             "begin()" or "Gate.Begin()" => "begin",
             "STORE(0, INSIDE, 0)" or "Gate.Leave()" or "LEAVE;" => "leave",
             "owner = LOAD(0, OWNER)" or "LOAD(t, OWNER)" or "OwnerNumber ==" or "owner ==" => "owner",
             "PUT(0, FREE" or "PUT(t, FREE" or "OwnedRuns.TryTake(BareBins" or "BlockRun.Give(" or "GiveUnowned(" => "bits",
             "PUT(t, RETURNED" or "Returned.Add(" => "returned",
             "LOCK(t);" or "LOCK(0);" or "LOCK(1);" or "_lock.Enter()" => "lock",
             "collect(0)" or "collect(1)" or "OwnedRuns.Collect(" => "collect",
             "STORE(0, OWNER, 1)" or "OwnedRuns.Own(" => "own",
             "STORE(1, OWNER, 0)" or "OwnedRuns.TryLeave(" => "disown",
             _ => "locked",
         }).Distinct());

    /// <summary>The text of the last method with this name.</summary>
    private static string Method(string type, string name) => Repository.Source
        .Single(file => file.Path.EndsWith($"/{type}.cs", StringComparison.Ordinal))
        .Tree.DescendantNodes().OfType<MethodDeclarationSyntax>().First(method => method.Identifier.Text == name).Body!.ToString();

    [GeneratedRegex(
        @"begin\(\)|Gate\.Begin\(\)|STORE\(0, INSIDE, 0\)|Gate\.Leave\(\)|(?<!\w)LEAVE;|owner = LOAD\(0, OWNER\)|LOAD\(t, OWNER\)" +
        @"|OwnerNumber ==|(?<!\w)owner ==|PUT\(\w, (FREE|RETURNED)|OwnedRuns\.TryTake\(BareBins|BlockRun\.Give\(|GiveUnowned\(|Returned\.Add\(" +
        @"|(?<!UN)LOCK\(\w\);|_lock\.Enter\(\)|collect\(\d\)" +
        @"|OwnedRuns\.(Collect|Own|TryLeave)\(|STORE\(0, OWNER, 1\)|STORE\(1, OWNER, 0\)|giveLocked\(0|BareBins\.GiveAway\(")]
    private static partial Regex Step();

    /// <summary>A branch for a mutation, and the branch that the code has.</summary>
    [GeneratedRegex(@"#ifdef \w+\n(?:(?!#).*\n)*#else\n((?:(?!#).*\n)*)#endif\n|#ifdef \w+\n(?:(?!#).*\n)*#endif\n|#ifndef \w+\n|#endif\n")]
    private static partial Regex Mutation();
}
