namespace NativeBuffers.Tests.CodeGen;

/// <summary>The output of the just-in-time compiler for the methods that it compiled.</summary>
internal sealed class Listing
{
    private readonly MethodCode[] _methods;

    private Listing(MethodCode[] methods) => _methods = methods;

    public static Listing Parse(string text) =>
        new([.. text.Split("; Assembly listing for method ").Skip(1).Select(MethodCode.Parse)]);

    /// <summary>The method's last code of a tier; null when there is none.</summary>
    /// <param name="name">As <see cref="MethodCode.Name"/>.</param>
    /// <param name="tier">As <see cref="MethodCode.Tier"/>.</param>
    public MethodCode? Find(string name, string tier) =>
        Array.FindLast(_methods, method => method.Name == name && method.Tier == tier);
}
